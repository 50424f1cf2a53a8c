# One image with the three programs; the command chooses which of them runs.

FROM node:22-bookworm-slim AS dashboard
WORKDIR /source
COPY openapi.yaml ./
COPY dashboard dashboard
RUN cd dashboard && npm ci && npm run build

FROM rust:1.95-slim-bookworm AS build
# The TLS library has C sources.
RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ make && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
COPY --from=dashboard /source/dashboard/dist dashboard/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package gotong-api --package gotong-worker --package gotong-scheduler \
    && mkdir /programs \
    && cp target/release/gotong-api target/release/gotong-worker target/release/gotong-scheduler /programs/

FROM debian:bookworm-slim
# pg_dump and pg_restore, for backups of servers of this version or an earlier one.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates postgresql-client && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home gotong
COPY --from=build /programs/ /usr/local/bin/
USER gotong
ENV GOTONG_ENV=production GOTONG_LOG_FORMAT=json
CMD ["gotong-api", "serve"]
