# Builds the manager's image with an engine, for all platforms of buildx:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v0.1.0 .
#
# `make image` makes the same without an engine: hack/image.

# The compiler runs on the builder's own platform and cross-compiles.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src

# Modules first: this layer changes only with go.mod and go.sum.
COPY go.mod go.sum ./
RUN go mod download

COPY api/ api/
COPY cmd/ cmd/
COPY internal/ internal/

# Arguments last: another version or platform does not fetch the modules again.
ARG TARGETOS
ARG TARGETARCH
ARG TARGETVARIANT
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} \
    go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/klink-cloud/klink-operator/internal/version.Version=$VERSION" \
    -o /out/manager ./cmd/manager

FROM gcr.io/distroless/static:nonroot
ARG VERSION=dev
ARG REVISION=
LABEL org.opencontainers.image.title="klink-operator" \
      org.opencontainers.image.source="https://github.com/klink-cloud/klink-operator" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/manager /manager
# The numeric user lets Kubernetes see that runAsNonRoot holds.
USER 65532:65532
ENTRYPOINT ["/manager"]
