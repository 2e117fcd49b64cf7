# For those who build images with Docker; the release has one that needs none (.ci/release).
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /rehearse ./cmd/rehearse && mkdir /results /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /rehearse /usr/bin/rehearse
COPY --from=build --chown=65532:65532 /results /results
COPY --from=build --chmod=1777 /empty /tmp
USER 65532:65532
WORKDIR /results
ENTRYPOINT ["/usr/bin/rehearse"]
