// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is the number of the user nonroot, the same as in the Dockerfile's base:
// Kubernetes sees that runAsNonRoot holds only where the user is a number.
const user = "65532"

// file is a file of the image.
type file struct {
	path    string
	mode    int64
	content []byte
}

// baseFiles are what a static program expects around it. Nothing else is in the
// image: no shell, no package, nothing to keep up to date but the certificates.
func baseFiles() []file {
	return []file{
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:" + user + ":" + user + ":nonroot:/:/sbin/nologin\n")},
		{"etc/group", 0o644, []byte("root:x:0:\nnonroot:x:" + user + ":\n")},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, rootCertificates()},
	}
}

// rootCertificates are those of Mozilla, as the Go project keeps them. A file
// beats roots compiled into the manager: who runs it can put a company's
// authorities in its place. Authorities that are trusted for older certificates
// alone are left out, since a file cannot say so.
func rootCertificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return out.Bytes()
}
