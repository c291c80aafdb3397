// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"sync"
)

// keptPart is which part of what a listing may take is also kept until the next one, as
// pages that need not be read again.
const keptPart = 2

// readPage is a page, and the digest of the reply that it was read from.
type readPage struct {
	Page

	digest [sha256.Size]byte
	// whole: the reply was small enough to be digested before it was read.
	whole bool
}

// keptPages keeps the pages of the newest listing. An account in which nothing happens answers with
// the same bytes time and again, and to decode them again was most of what an idle manager
// took of the processor: itself, and by what it left to the collector.
type keptPages struct {
	known, fresh map[PageRequest]readPage
}

// begin begins a listing.
func (p *keptPages) begin() { p.fresh = map[PageRequest]readPage{} }

// keep keeps a page of this listing.
func (p *keptPages) keep(request PageRequest, page readPage) {
	if page.whole {
		p.fresh[request] = page
	}
}

// end ends a listing that was read to its end. What it did not ask for again is forgotten.
func (p *keptPages) end() { p.known, p.fresh = p.fresh, nil }

// texts are buffers for replies that are digested before they are read.
var texts = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// page reads one page (GET /groups), unless the reply is the one that known was read from.
// The groups that it returns then share their memory with known's.
func (c *Client) page(ctx context.Context, r PageRequest, known readPage) (readPage, error) {
	var page readPage
	err := c.do(ctx, request{method: http.MethodGet, query: r.query(), timeout: readTimeout}, func(body io.Reader, header http.Header) error {
		text, _ := texts.Get().(*bytes.Buffer)
		defer texts.Put(text)
		text.Reset()
		_, err := io.CopyN(text, body, largeReply)
		switch {
		case errors.Is(err, io.EOF):
			page.digest, page.whole = sha256.Sum256(text.Bytes()), true
		case err != nil:
			return err
		}
		if page.whole && known.whole && page.digest == known.digest {
			page.Page = known.Page
		} else if page.Page, err = decodePage(io.MultiReader(text, body), c.names); err != nil {
			return err
		}
		page.Cached = isCached(header)
		return nil
	})
	if err != nil {
		return readPage{}, err
	}
	page.Odd.First = tidy(page.Odd.First, c.redact)
	return page, nil
}
