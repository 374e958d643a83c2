# The program and sql/, and nothing else: no shell, no package manager. `make image` fills the arguments, and records what they were.
#   docker build -f helm/images/cryptogaf.Dockerfile .
ARG SWIFT_BASE=swift:6.2-bookworm
ARG SYSTEM_BASE=debian:bookworm-slim

FROM ${SWIFT_BASE} AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
        binutils libcurl4-openssl-dev libfcgi-dev libisal-dev libpng-dev libpq-dev libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --static-swift-stdlib --product cryptogaf && install -D -s .build/release/cryptogaf /out/cryptogaf

# The libraries come from the system that the tree is made of, not from the builder's.
FROM ${SYSTEM_BASE} AS tree
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
        ca-certificates libcurl4 libfcgi0ldbl libisal2 libpng16-16 libpq5 libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/cryptogaf /out/cryptogaf
COPY helm/images/assemble /source/helm/images/assemble
COPY sql /source/sql
RUN /source/helm/images/assemble cryptogaf /tree /out/cryptogaf

FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SYSTEM_BASE=debian:bookworm-slim
ARG SYSTEM_DIGEST=unknown
LABEL org.opencontainers.image.title="cryptogaf" \
      org.opencontainers.image.description="Crypto GAF: collects order books, draws and serves Gramian angular field images" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${SYSTEM_BASE}" \
      org.opencontainers.image.base.digest="${SYSTEM_DIGEST}"
COPY --from=tree /tree /
ENV PATH=/usr/bin SQL_DIR=/usr/share/cryptogaf/sql
USER 10001:10001
# Where `serve --listen :9000 --health :9001` runs; other commands listen nowhere and run with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["cryptogaf", "probe", "--connect", "127.0.0.1:9001"]
ENTRYPOINT []
CMD ["cryptogaf", "--help"]
