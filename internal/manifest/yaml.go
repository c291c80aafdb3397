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

// encode writes a document as YAML. Some texts are read back as others, or not at all,
// such as one that begins with the line break U+0085: what holds one is written as JSON,
// which is YAML too.
func encode(d document) (string, error) {
	if plain, err := yaml.Marshal(d); err == nil && says(plain, d) {
		return string(plain), nil
	}
	escaped, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, r := range string(escaped) {
		if r > unicode.MaxASCII && r <= 0xffff && !unicode.IsPrint(r) || r == 0x7f {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	if text := b.String() + "\n"; says([]byte(text), d) {
		return text, nil
	}
	return "", errors.New("it says something else when it is read back")
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
