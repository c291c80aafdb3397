// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import "net/http"

// breaks are deliberate breaks of the protocol, made at the edges of the
// controllers; the zero value breaks nothing.
type breaks struct {
	name string
	// patchBody changes what is written to Kubernetes.
	patchBody func(body []byte, status bool) []byte
	// call changes how calls to the API are carried out.
	call func(transport, *call) (*http.Response, error)
	// blindLive hides what the API server itself would show of owners.
	blindLive bool
}

func (b breaks) patch(body []byte, status bool) []byte {
	if b.patchBody == nil {
		return body
	}
	return b.patchBody(body, status)
}
