// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// credentials are the secrets of one control plane. One key pair serves for TLS
// and signs the ServiceAccounts' tokens; nothing here guards anything real.
type credentials struct {
	adminToken string
	caPEM      []byte
	certFile   string
	keyFile    string
	tokenFile  string
}

// writeCredentials makes new credentials and writes their files to dir.
func writeCredentials(dir string) (*credentials, error) {
	certPEM, keyPEM, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("making the serving certificate: %w", err)
	}
	c := &credentials{
		adminToken: rand.Text(),
		caPEM:      certPEM,
		certFile:   filepath.Join(dir, "tls.crt"),
		keyFile:    filepath.Join(dir, "tls.key"),
		tokenFile:  filepath.Join(dir, "tokens.csv"),
	}
	for file, content := range map[string][]byte{
		c.certFile:  certPEM,
		c.keyFile:   keyPEM,
		c.tokenFile: []byte(c.adminToken + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// selfSigned makes a serving certificate for loopback that is its own authority,
// as PEM blocks.
func selfSigned() (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "klink-operator test control plane"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost", "kubernetes.default.svc"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
	return certPEM, keyPEM, nil
}
