# flink and fnode as images: docker build --target flink (or fnode) .   docs/docker.md says how to run them.
# Every stage runs on the target's own processor: npm brings the runtime that fits it.

# ---- what npm ci brings; it changes with the lock file only ----
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/flisolator
COPY package.json package-lock.json .npmrc ./
# Without scripts: `prepare` would build, and there are no sources yet.
RUN npm ci --ignore-scripts

# ---- the sources as JavaScript ----
FROM packages AS built
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

# ---- what runs: no compiler, no headers, no manuals ----
FROM packages AS pruned
RUN npm prune --omit=dev --ignore-scripts \
 && rm -rf node_modules/node-linux-*/include node_modules/node-linux-*/share node_modules/node-linux-*/*.md

# ---- both roles: Debian, the very runtime that the lock file pins, no npm ----
FROM debian:bookworm-slim AS runtime
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/flisolator/node_modules/.bin:$PATH
COPY --from=pruned /opt/flisolator/node_modules /opt/flisolator/node_modules
COPY package.json LICENSE /opt/flisolator/
COPY docker/health.js /opt/flisolator/docker/
COPY --from=built /opt/flisolator/dist /opt/flisolator/dist
# Each role becomes the owner of this folder, and a new volume takes owner and mode from here, so it need not be able to
# chown. The number is fixed because volumes outlive images.
RUN useradd --system --no-log-init --uid 690 --user-group --home-dir /var/lib/flisolator --shell /usr/sbin/nologin flisolator \
 && install -d -m 0750 -o flisolator -g flisolator /var/lib/flisolator
# The defaults ./isos and ./boot are /srv/isos and /srv/boot here, whatever the arguments are.
WORKDIR /srv
# No USER: ports below 1024 are opened as root, then the process itself becomes somebody else for good. A capability
# would not do instead: an engine gives none to whoever is not root.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 \
  CMD ["node", "/opt/flisolator/docker/health.js"]

# ---- boot loaders out of Debian's signed packages ----
FROM runtime AS loaders
RUN node /opt/flisolator/dist/fnode.js loaders install --dir /srv/boot

# ---- the director ----
FROM runtime AS flink
LABEL org.opencontainers.image.title="flink" \
      org.opencontainers.image.description="The director of a hall: DHCP, PXE, DNS, a caching proxy and a firewall"
# nft for the firewall, tc and ip for the uplink's queues; a node has no use for them. Then what the proxy keeps, in a folder
# of its own: it may be emptied or lie on another disk than the state.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nftables iproute2 \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -m 0750 -o flisolator -g flisolator /var/cache/flisolator
EXPOSE 53/udp 53/tcp 67/udp 3128/tcp 3129/tcp
ENTRYPOINT ["node", "/opt/flisolator/dist/flink.js"]
CMD ["serve"]

# ---- the boot node ----
FROM runtime AS fnode
LABEL org.opencontainers.image.title="fnode" \
      org.opencontainers.image.description="A boot node: loaders, menus and images by TFTP, HTTP and NFS"
# A folder that is mounted over it wins.
COPY --from=loaders /srv/boot /srv/boot
RUN mkdir /srv/isos
EXPOSE 69/udp 80/tcp 111/tcp 111/udp 2049/tcp 2049/udp
ENTRYPOINT ["node", "/opt/flisolator/dist/fnode.js"]
CMD ["serve"]
