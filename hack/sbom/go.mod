module github.com/klink-cloud/klink-operator/hack/sbom

go 1.26.0
