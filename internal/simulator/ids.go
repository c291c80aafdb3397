// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
)

const (
	idLength  = 16
	idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// newRandom is a source that repeats itself for a seed, and cannot be guessed for seed 0.
func newRandom(seed uint64) *rand.Rand {
	var key [32]byte
	if seed == 0 {
		_, _ = cryptorand.Read(key[:]) // never fails: it would rather end the process
	} else {
		binary.LittleEndian.PutUint64(key[:], seed)
	}
	return rand.New(rand.NewChaCha8(key))
}

func randomID(random *rand.Rand) string {
	id := make([]byte, idLength)
	for i := range id {
		id[i] = idLetters[random.IntN(len(idLetters))]
	}
	return string(id)
}
