// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifest

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Options say what the manifests declare.
type Options struct {
	// Namespace of the Groups; empty leaves it to the person who applies them.
	Namespace string
	// Connection is what they refer to; the zero value is the default and left out.
	Connection v1alpha1.ConnectionReference
	// Observe makes Groups that write nothing remotely.
	Observe bool
	// Fields are the fields to declare beside the name, as spec calls them.
	Fields []plan.Field
	// Contacts says how members are declared; "" does not declare them.
	Contacts v1alpha1.ContactsPolicy
}

// Manifest is a remote group as a Group.
type Manifest struct {
	Remote remote.Group
	Name   string
	Spec   v1alpha1.GroupSpec
	// Undeclarable says why there is no Group at all; empty if there is one.
	Undeclarable string
	// LeftOut says, field by field, why the Group does not declare it.
	LeftOut []string
}

// Complete reports whether the manifest declares all that was asked for.
func (m *Manifest) Complete() bool { return m.Undeclarable == "" && len(m.LeftOut) == 0 }

// Of declares what a remote group shows.
func Of(g remote.Group, name string, o Options) Manifest {
	m := Manifest{Remote: g, Name: name, Undeclarable: cmp.Or(idProblem(g.ID), nameProblem(g))}
	if m.Undeclarable != "" {
		return m
	}
	m.Spec = v1alpha1.GroupSpec{Name: g.Name, GroupID: g.ID, ConnectionRef: o.Connection}
	if o.Observe {
		m.Spec.ManagementPolicy = v1alpha1.ManagementObserve
	}
	if slices.Contains(o.Fields, plan.FieldDescription) && m.shows(plan.FieldDescription, remote.FieldDescription) && g.Description != "" {
		if m.may(textProblem("description", g.Description, maxDescription, false)) {
			m.Spec.Description = &g.Description
		}
	}
	if slices.Contains(o.Fields, plan.FieldAvatarURL) && m.shows(plan.FieldAvatarURL, remote.FieldAvatarURL) && g.AvatarURL != "" {
		if m.may(avatarProblem(g.AvatarURL)) {
			m.Spec.AvatarURL = &g.AvatarURL
		}
	}
	// Adopting an archived group unarchives it unless the manifest says archived.
	if m.shows(plan.FieldArchived, remote.FieldArchivedAt) && g.Archived() {
		m.Spec.Archived = new(true)
	}
	if o.Contacts != "" && m.shows(plan.FieldContacts, remote.FieldContacts) {
		m.contacts(g, o)
	}
	return m
}

// Needed are the fields that a manifest with these options is made of.
func (o *Options) Needed() remote.FieldSet {
	needed := remote.FieldName | remote.FieldArchivedAt
	if slices.Contains(o.Fields, plan.FieldDescription) {
		needed |= remote.FieldDescription
	}
	if slices.Contains(o.Fields, plan.FieldAvatarURL) {
		needed |= remote.FieldAvatarURL
	}
	if o.Contacts != "" {
		needed |= remote.FieldContacts
	}
	return needed
}

// Lacks reports whether the group, as it was shown, leaves open what a manifest would say.
func (o *Options) Lacks(g remote.Group) bool {
	return g.Unknown&o.Needed() != 0 || o.Contacts != "" && g.MoreContacts
}

// shows reports whether the API has shown a field. What it has not shown is not empty.
func (m *Manifest) shows(field plan.Field, as remote.FieldSet) bool {
	if m.Remote.Unknown.Has(as) {
		return m.may(field + " is not shown by the API, or not so that it can be read")
	}
	return true
}

func (m *Manifest) contacts(g remote.Group, o Options) {
	// A list that is cut short would take the others out of the group, once it is declared as all.
	exact := o.Contacts == v1alpha1.ContactsExact
	if g.MoreContacts && !m.may(fmt.Sprintf("contacts are more than the %d that the API shows by name", len(g.Contacts))) && exact {
		return
	}
	if !exact && len(g.Contacts) == 0 || !m.may(contactsProblem(g.Contacts)) {
		return
	}
	m.Spec.Contacts = make([]v1alpha1.Contact, 0, len(g.Contacts))
	for _, username := range g.Contacts {
		m.Spec.Contacts = append(m.Spec.Contacts, v1alpha1.Contact{Username: username})
	}
	if o.Contacts != v1alpha1.ContactsExact {
		m.Spec.ContactsPolicy = o.Contacts
	}
}

// may notes a problem, and reports whether there is none.
func (m *Manifest) may(problem string) bool {
	if problem != "" {
		m.LeftOut = append(m.LeftOut, problem)
	}
	return problem == ""
}

// The bounds of the CRD. A test compares them with what the API server takes.
const (
	maxName, maxDescription, maxURL, maxID, maxContacts, maxUsername = 255, 16384, 2048, 253, 5000, 255
)

func nameProblem(g remote.Group) string {
	if g.Unknown.Has(remote.FieldName) {
		return "the API does not show its name, or not so that it can be read"
	}
	return textProblem("name", g.Name, maxName, true)
}

var idPattern = regexp.MustCompile(`^[^\s\pC\pZ/\\%?#;]+$`)

func idProblem(id string) string {
	if !idPattern.MatchString(id) || id == "." || id == ".." || utf8.RuneCountInString(id) > maxID {
		return fmt.Sprintf("its id, %q, cannot be a groupID", id)
	}
	return ""
}

// textProblem says what the CRD refuses about a text; trimmed: also white space at an end.
func textProblem(what, text string, most int, trimmed bool) string {
	length := utf8.RuneCountInString(text)
	switch {
	case trimmed && text == "":
		return what + " is empty"
	case strings.ContainsFunc(text, lost):
		return fmt.Sprintf("%s holds the character %U, which kustomize changes or refuses", what, firstOf(text, lost))
	case length > most:
		return fmt.Sprintf("%s has %d characters, and a Group can declare %d", what, length, most)
	case trimmed && text != strings.TrimFunc(text, unicode.IsSpace):
		return fmt.Sprintf("%s %q begins or ends with white space, which a Group cannot declare", what, text)
	}
	return ""
}

func firstOf(text string, is func(rune) bool) rune {
	r, _ := utf8.DecodeRuneInString(text[strings.IndexFunc(text, is):])
	return r
}

// lost reports whether kustomize, which takes JSON for YAML, loses a character or fails on it.
func lost(r rune) bool { return r >= 0x7f && r <= 0x9f || r == 0xfffe || r == 0xffff }

func avatarProblem(avatar string) string {
	if problem := textProblem("avatarURL", avatar, maxURL, false); problem != "" {
		return problem
	}
	u, err := url.ParseRequestURI(avatar)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.ContainsFunc(avatar, unicode.IsSpace) {
		return fmt.Sprintf("avatarURL %q is no absolute http or https URL", avatar)
	}
	return ""
}

func contactsProblem(usernames []string) string {
	if len(usernames) > maxContacts {
		return fmt.Sprintf("contacts are %d, and a Group can declare %d", len(usernames), maxContacts)
	}
	for _, username := range usernames {
		if problem := textProblem("username", username, maxUsername, true); problem != "" {
			return "contacts: " + problem
		}
	}
	return ""
}
