# Two small images, `api` and `worker`, from one build. Needs Debian's packages
# and npm's, nothing else. `tools/image` builds and tries them without Docker.
ARG DEBIAN=debian:12

FROM ${DEBIAN} AS build
WORKDIR /src
COPY tools/deps tools/deps
COPY package.json package-lock.json .npmrc ./
# A network whose TLS is signed by its own authority hands its certificates in
# as the build secret `ca`; they are used for this step and stored nowhere.
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export NODE_EXTRA_CA_CERTS=/run/ca.crt; fi; \
    tools/deps build
COPY . .
RUN make -j2 programs && \
    install -D -s -t /out build/countersign-api build/countersign-worker build/countersign \
        build/countersign-policy
# SciPy, which pandas and matplotlib bring along, asks for Pythran and with it for
# a C++ compiler, 400 MB that only SciPy's own build needs. An empty package of
# that name keeps them out of the worker, and apt content.
RUN mkdir -p /stub/DEBIAN && printf '%s\n' 'Package: python3-pythran' 'Version: 99' \
        'Architecture: all' 'Maintainer: Countersign' 'Description: stands in for a compiler' \
        >/stub/DEBIAN/control && dpkg-deb --build /stub /out/no-compiler.deb

FROM ${DEBIAN} AS common
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && \
    apt-get install -y -qq --no-install-recommends libcurl4 libhiredis0.14 libjansson4 \
        libcjose0 libmicrohttpd12 libpg-query1504.0 libpq5 libseccomp2 libsodium23 \
        libssl3 >/dev/null && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log && \
    groupadd --gid 10001 countersign && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin countersign && \
    install -d -o 10001 -g 10001 -m 700 /var/lib/countersign
COPY LICENSE /usr/share/doc/countersign/copyright
COPY --from=build /out/countersign /out/countersign-policy /usr/bin/
LABEL org.opencontainers.image.title="Countersign" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM common AS worker
COPY --from=build /out/no-compiler.deb /tmp/
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && \
    apt-get install -y -qq --no-install-recommends /tmp/no-compiler.deb bubblewrap ca-certificates \
        python3 python3-matplotlib python3-openpyxl python3-pandas >/dev/null && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
COPY --from=build /out/countersign-worker /usr/bin/
LABEL org.opencontainers.image.description="Runs approved code in sandboxes"
# Starts as root, so that each sandbox gets a user id of its own: only the small
# launcher stays root, the worker itself becomes WORKER_USER at once.
ENV WORKER_USER=countersign
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["countersign", "health", "worker"]
STOPSIGNAL SIGTERM
CMD ["countersign-worker"]

FROM common AS api
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && \
    apt-get install -y -qq --no-install-recommends libicu72 liboath0 >/dev/null && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
COPY --from=build /out/countersign-api /usr/bin/
LABEL org.opencontainers.image.description="The page and the HTTP interface"
ENV API_BIND=0.0.0.0 API_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["countersign", "health", "api"]
USER 10001:10001
STOPSIGNAL SIGTERM
CMD ["countersign-api"]
