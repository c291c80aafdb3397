// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

const (
	// keptNames is how many names are kept at least, and half of what is kept at most.
	keptNames = 1 << 14
	// keptBytes is as much as they may take, for an API that calls people by whole books.
	keptBytes = 2 << 20
)

// names keeps the names of people, each once: an account has few people and many members.
// Those that do not come again it forgets. It is safe for concurrent use; its zero value
// is ready, and nil keeps nothing.
type names struct {
	mu          sync.Mutex
	young, aged map[string]string
	size        int // of the young ones, in bytes
}

// of is the name as it is kept. One that is known costs no memory.
func (n *names) of(name []byte) string {
	if n == nil {
		return string(name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if kept, ok := n.young[string(name)]; ok {
		return kept
	}
	kept, ok := n.aged[string(name)]
	if !ok {
		kept = string(name)
	}
	if len(kept) > keptBytes {
		return kept
	}
	if n.young == nil || len(n.young) >= keptNames || n.size+len(kept) > keptBytes {
		n.young, n.aged, n.size = map[string]string{}, n.young, 0
	}
	n.young[kept] = kept
	n.size += len(kept)
	return kept
}

// plainMember reads a member that shows its username and nothing else, without anything
// that has to be unescaped: of a hundred thousand members all but a few are so, and
// reading them as any JSON was most of what a listing cost. raw is valid JSON.
func plainMember(raw []byte) (username []byte, ok bool) {
	raw, begins := bytes.CutPrefix(raw, []byte(`{"username":`))
	raw, opens := bytes.CutPrefix(bytes.TrimPrefix(raw, []byte(" ")), []byte(`"`))
	raw, ends := bytes.CutSuffix(raw, []byte(`"}`))
	return raw, begins && opens && ends && bytes.IndexByte(raw, '"') < 0 && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw)
}
