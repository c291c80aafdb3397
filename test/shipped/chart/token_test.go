// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// TestTheTokenIsInItsSecretAlone looks for it in all objects, and in the notes.
func TestTheTokenIsInItsSecretAlone(t *testing.T) {
	t.Parallel()
	r := render(t, fullValues(t))
	if hasToken(r.Info.Notes) {
		t.Errorf("the notes have the token:\n%s", r.Info.Notes)
	}
	holders := 0
	for key, object := range objects(t, r.Manifest) {
		switch {
		case key == "Secret/klink-token":
			holders++
			if data, _ := object.Object["data"].(map[string]any); data["api-token"] != base64.StdEncoding.EncodeToString([]byte(token)) {
				t.Error("the Secret does not have the token at its key")
			}
		case hasToken(fmt.Sprint(object.Object)):
			t.Errorf("%s has the token", key)
		}
	}
	if holders != 1 {
		t.Errorf("%d Secrets", holders)
	}
	if len(r.Hooks) != 0 {
		t.Errorf("%d hooks, which nobody uninstalls", len(r.Hooks))
	}
}

func hasToken(text string) bool {
	return strings.Contains(text, token) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(token)))
}
