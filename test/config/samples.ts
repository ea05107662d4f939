/** Configuration files as operators write them: every key of both. */

export const FLINK_SAMPLE = `lan: enp3s0
wan: enp2s0
domain: flisol.lan
stateDir: /var/lib/flisolator
dhcp:
  mode: server
  range: 172.16.0.101-172.16.255.254
  leaseTime: 24h
  router: 172.16.0.1
  options: { 42: 172.16.0.1, ntp-servers: [172.16.0.1, 172.16.0.2] }
  relays:
    - { subnet: 10.1.0.0/24, range: 10.1.0.50-10.1.0.99, router: 10.1.0.1 }
fnodes:
  - { name: fnode00, mac: 00:14:d1:2d:c8:8c, ip: 172.16.0.10, weight: 1 }
  - { name: fnode01, mac: 00:14:d1:2d:c9:5b, ip: 172.16.0.11 }
clients:
  - { mac: "52:54:00:aa:*", fnode: fnode01 }
  - { mac: 52:54:00:12:34:56, ip: 172.16.0.50, hostname: desk7, boot: debian-12-live, fnode: fnode00 }
  - { mac: 52:54:00:77:*, loader: lpxelinux.0 }
boot:
  x64-uefi: shimx64.efi
dns:
  upstreams: [9.9.9.9, "[2620:fe::fe]:53", "tls://1.1.1.1"]
  records: { intranet: 172.16.0.5 }
  cacheEntries: 8192
  rebindProtection: true
  domains: { corp.example: [10.0.0.1, "tls://10.0.0.2#ns.corp.example"], 16.172.in-addr.arpa: 10.0.0.1 }
  serveStale: 24h
  rebindExceptions: [corp.example]
  blocklist: [ads.example]
  queryLog: off
  questionsPerSecond: 1000
proxy:
  cacheDir: /var/cache/flisolator
  cacheSize: 40GB
  maxObject: 8GB
  memory: 128MB
  blocklist: [facebook.com, youtube.com]
  bandwidth: { total: 90Mbps, perClient: 8Mbps }
  refresh: [{ pattern: "*.deb", fresh: 30d }]
  allow: ["127.0.0.1:8000"]
admin: { listen: 127.0.0.1:8067, passwordFile: /etc/flisolator/admin.pass }
swarm: { secretFile: /etc/flisolator/swarm.secret }
firewall: print
filter: { ssh: 22, open: [tcp/2049], whitelist: [52:54:00:12:34:57, 172.16.0.60], trusted: [virbr0] }
uplink: { down: 10Mbps, up: 2Mbps }
language: en
ports: { dhcp: 67, pxe: 4011, dns: 53, proxy: 3128, intercept: 3129 }
`;

export const FNODE_SAMPLE = `isos: /srv/isos
boot: ./boot
listen: [172.16.0.10]
flink: http://172.16.0.1:8067
swarm: { secretFile: /etc/flisolator/swarm.secret }
name: fnode00
stateDir: /var/lib/flisolator
menu: { title: FLISoL, timeout: 30s, default: local, serial: { port: 0, baud: 115200 }, language: en }
clients:
  - { mac: "52:54:00:aa:*", boot: debian-12-live }
nfs: on
ports: { tftp: 69, http: 80, nfs: 2049, portmap: 111 }
`;
