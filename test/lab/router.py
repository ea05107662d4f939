#!/usr/bin/env python3
"""router.py - answers router solicitations on one interface: an IPv6 router that hands out nothing.

iPXE's ROMs look for one while they ask DHCP, and wait 12 to 16 s where there is none. RFC 4861 4.1, 4.2.
usage: router.py INTERFACE
"""
import socket, struct, sys

IPV6, ICMPV6, SOLICITATION, ADVERTISEMENT = 0x86DD, 58, 133, 134
MAC = bytes.fromhex("021ab0000006")
ROUTER = socket.inet_pton(socket.AF_INET6, "fe80::1a:b0ff:fe00:6")
ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")
ALL_NODES_MAC = bytes.fromhex("333300000001")


def checksum(message):
    pseudo = ROUTER + ALL_NODES + struct.pack(">II", len(message), ICMPV6)
    total = sum(struct.unpack(">%dH" % ((len(pseudo) + len(message)) // 2), pseudo + message))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def advertisement():
    # hop limit 64, no flags (no DHCPv6), lifetime 0 (no default router), no options (no prefix)
    fields = struct.pack(">BBHII", 64, 0, 0, 0, 0)
    message = struct.pack(">BBH", ADVERTISEMENT, 0, 0) + fields
    message = struct.pack(">BBH", ADVERTISEMENT, 0, checksum(message)) + fields
    ip = struct.pack(">IHBB", 6 << 28, len(message), ICMPV6, 255) + ROUTER + ALL_NODES
    return ALL_NODES_MAC + MAC + struct.pack(">H", IPV6) + ip + message


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV6))
    port.bind((sys.argv[1], IPV6))
    while True:
        frame = port.recv(2048)
        # Ethernet 14, IPv6 40: next header at 6 of it
        if len(frame) > 54 and frame[20] == ICMPV6 and frame[54] == SOLICITATION:
            port.send(advertisement())


main()
