// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf16"

	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// document is a Group without status, and with a spec without defaults.
type document struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	Metadata   metadata           `json:"metadata"`
	Spec       v1alpha1.GroupSpec `json:"spec"`
}

type metadata struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

// Document is the manifest as an object to be marshalled.
func (m *Manifest) Document(namespace string) any { return m.document(namespace) }

func (m *Manifest) document(namespace string) document {
	return document{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Group", Metadata: metadata{m.Name, namespace}, Spec: m.Spec}
}

// YAML is the manifest as a document, or a comment where there can be no Group.
func (m *Manifest) YAML(namespace string) (string, error) {
	var b strings.Builder
	if m.Undeclarable != "" {
		comment(&b, strings.TrimPrefix(NotDeclared(m.Remote.ID), "# ")+m.Undeclarable+".")
		return b.String(), nil
	}
	for _, reason := range m.LeftOut {
		comment(&b, "Not declared: "+reason+".")
	}
	text, err := encode(m.document(namespace))
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", m.Name, err)
	}
	return b.String() + text, nil
}

// NotDeclaredPrefix begins the comment in the place of each Group that there cannot be.
const NotDeclaredPrefix = "# Remote group "

// NotDeclared begins the comment in the place of a group.
func NotDeclared(id string) string {
	return NotDeclaredPrefix + fmt.Sprintf("%q is not declared: ", id)
}

// encode writes a document as YAML that is read back as the document.
func encode(d document) (string, error) {
	if plain, err := yaml.Marshal(d); err == nil && isPlain(string(plain)) && says(plain, d) {
		return string(plain), nil
	}
	escaped, err := escapedJSON(d)
	if err != nil {
		return "", err
	}
	if says([]byte(escaped), d) {
		return escaped, nil
	}
	return "", errors.New("it says something else when it is read back")
}

// Encode writes a value as YAML that shows all that it holds. Some texts are read back as
// others, or not at all, such as one that begins with the line break U+0085, and some look
// like others, such as those that turn the direction of writing around: what holds one is
// written as JSON, which is YAML too.
func Encode(value any) (string, error) {
	if plain, err := yaml.Marshal(value); err == nil && isPlain(string(plain)) {
		return string(plain), nil
	}
	return escapedJSON(value)
}

func escapedJSON(value any) (string, error) {
	text, err := json.MarshalIndent(value, "", "  ")
	return escape(string(text), func(r rune) string { return fmt.Sprintf(`\U%08x`, r) }) + "\n", err
}

// EscapeJSON escapes the characters that JSON lets pass, and that a terminal obeys or an
// editor does not show.
func EscapeJSON(text string) string {
	return escape(text, func(r rune) string {
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	})
}

// escape escapes what does not show, in strings of JSON; large is how that is written which
// four digits cannot say: YAML and JSON differ in that.
func escape(text string, large func(rune) string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case shows(r):
			b.WriteRune(r)
		case r > 0xffff:
			b.WriteString(large(r))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !shows(r) })
}

// shows reports whether a character is seen as what it is. The two that join letters and
// emoji are part of how these are written.
func shows(r rune) bool {
	return unicode.IsPrint(r) || r == '\n' || r == '\u200c' || r == '\u200d'
}

// says reports whether a text is read as the document.
func says(text []byte, d document) bool {
	var back document
	return yaml.UnmarshalStrict(text, &back) == nil && reflect.DeepEqual(d, back)
}

// comment writes one line: what an account holds must not end the comment.
func comment(b *strings.Builder, text string) {
	b.WriteString("# " + strings.Join(strings.FieldsFunc(text, isBreak), " ") + "\n")
}

func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}
