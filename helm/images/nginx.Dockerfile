# nginx, our configuration and page, and mtail, which counts requests beside it. The chart brings the filled nginx.conf.
#   docker build -f helm/images/nginx.Dockerfile .        after .dev/setup has fetched Swagger UI
ARG SYSTEM_BASE=debian:bookworm-slim

FROM ${SYSTEM_BASE} AS tree
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends curl mtail nginx-light \
    && rm -rf /var/lib/apt/lists/*
COPY helm/images/assemble /source/helm/images/assemble
COPY nginx /source/nginx
COPY .build/vendor/swagger-ui /source/swagger-ui
RUN /source/helm/images/assemble nginx /tree /source/swagger-ui

FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SYSTEM_BASE=debian:bookworm-slim
ARG SYSTEM_DIGEST=unknown
LABEL org.opencontainers.image.title="cryptogaf-nginx" \
      org.opencontainers.image.description="Crypto GAF: nginx with its configuration and page" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${SYSTEM_BASE}" \
      org.opencontainers.image.base.digest="${SYSTEM_DIGEST}"
COPY --from=tree /tree /
ENV PATH=/usr/bin
USER 10001:10001
# Finishes what is in hand.
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/favicon.svg"]
ENTRYPOINT []
CMD ["nginx", "-p", "/run/nginx", "-c", "/etc/cryptogaf/nginx.conf", "-e", "stderr", "-g", "daemon off;"]
