# Postgres with pgBackRest, for the chart's bundled database with backups. It has a shell: its scripts run in it.
#   docker build -f helm/images/postgres.Dockerfile .
ARG POSTGRES_BASE=postgres:15.14-bookworm

FROM ${POSTGRES_BASE}
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG POSTGRES_BASE=postgres:15.14-bookworm
ARG POSTGRES_DIGEST=unknown
LABEL org.opencontainers.image.title="cryptogaf-postgres" \
      org.opencontainers.image.description="Crypto GAF: Postgres with pgBackRest" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${POSTGRES_BASE}" \
      org.opencontainers.image.base.digest="${POSTGRES_DIGEST}"
# Whatever is setuid here loses that in the same layer; the entry point of the base, which starts as root, is not used.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates pgbackrest \
    && rm -rf /var/lib/apt/lists/* /var/log/pgbackrest/* \
    && find / -xdev -perm /6000 -type f -exec chmod a-s {} +
USER 999:999
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["bash", "/etc/cryptogaf/ready.sh"]
ENTRYPOINT []
CMD ["bash", "/etc/cryptogaf/start.sh"]
