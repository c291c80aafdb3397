// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestGroupName(t *testing.T) {
	const spaces = "spec.name: name must not be blank, and must not begin or end with white space"
	testCreate(t, "Group", map[string]createCase{
		"plain":               {},
		"one character":       {set("name", "x"), ""},
		"inner white space":   {set("name", "a \t b"), ""},
		"255 characters":      {set("name", strings.Repeat("ホ", 255)), ""},
		"256 characters":      {set("name", strings.Repeat("ホ", 256)), "spec.name: Too long: may not be more than 255"},
		"missing":             {func(spec map[string]any) { delete(spec, "name") }, "spec.name: Required value"},
		"empty":               {set("name", ""), "spec.name: should be at least 1 chars long"},
		"blank":               {set("name", "   "), spaces},
		"leading space":       {set("name", " x"), spaces},
		"trailing space":      {set("name", "x "), spaces},
		"trailing newline":    {set("name", "x\n"), spaces},
		"leading tab":         {set("name", "\tx"), spaces},
		"no-break space":      {set("name", "x\u00a0"), spaces},
		"ideographic space":   {set("name", "\u3000x"), spaces},
		"paragraph separator": {set("name", "x\u2029"), spaces},
	})
}

func TestGroupTexts(t *testing.T) {
	const url = "spec.avatarURL: avatarURL must be empty, to clear the avatar, or an absolute http or https URL"
	testCreate(t, "Group", map[string]createCase{
		"description":            {set("description", "World-renowned."), ""},
		"empty description":      {set("description", ""), ""},
		"longest description":    {set("description", strings.Repeat("ü", 16384)), ""},
		"too long a description": {set("description", strings.Repeat("ü", 16385)), "spec.description: Too long: may not be more than 16384"},

		"https avatar":          {set("avatarURL", "https://assets.protocol.chat/avatars/plazahotel.jpg"), ""},
		"http avatar":           {set("avatarURL", "http://10.0.0.1:8080/a?b=c#d"), ""},
		"empty avatar":          {set("avatarURL", ""), ""},
		"blank avatar":          {set("avatarURL", " "), url},
		"relative avatar":       {set("avatarURL", "avatars/plaza.jpg"), url},
		"avatar path":           {set("avatarURL", "/avatars/plaza.jpg"), url},
		"avatar without scheme": {set("avatarURL", "//example.com/plaza.jpg"), url},
		"avatar without host":   {set("avatarURL", "https:///plaza.jpg"), url},
		"avatar with port only": {set("avatarURL", "https://:80/plaza.jpg"), url},
		"avatar by ftp":         {set("avatarURL", "ftp://example.com/plaza.jpg"), url},
		"avatar as data":        {set("avatarURL", "data:image/png;base64,AAAA"), url},
		"avatar with a space":   {set("avatarURL", "https://example.com/plaza hotel.jpg"), url},
		"too long an avatar":    {set("avatarURL", "https://example.com/"+strings.Repeat("x", 2048)), "spec.avatarURL: Too long: may not be more than 2048"},
	})
}

// contacts returns n distinct contacts.
func contacts(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = map[string]any{"username": fmt.Sprintf("%s-%d", strings.Repeat("x", 200), i)}
	}
	return list
}

func TestGroupContacts(t *testing.T) {
	const spaces = "spec.contacts[1].username: username must not be blank, and must not begin or end with white space"
	const atLeast = "spec.contactsPolicy: contactsPolicy AtLeast"
	one := func(username any) mutation {
		return set("contacts", []any{map[string]any{"username": "Hector"}, map[string]any{"username": username}})
	}
	testCreate(t, "Group", map[string]createCase{
		"none":             {set("contacts", []any{}), ""},
		"at least nobody":  {all(set("contactsPolicy", "AtLeast"), set("contacts", []any{})), atLeast},
		"at least null":    {all(set("contactsPolicy", "AtLeast"), set("contacts", nil)), atLeast},
		"two":              {one("Cedric"), ""},
		"duplicates":       {one("Hector"), ""},
		"5000":             {set("contacts", contacts(5000)), ""},
		"5001":             {set("contacts", contacts(5001)), "spec.contacts: Too many: 5001: must have at most 5000 items"},
		"without username": {set("contacts", []any{map[string]any{}}), "spec.contacts[0].username: Required value"},
		"empty username":   {one(""), "spec.contacts[1].username: should be at least 1 chars long"},
		"blank username":   {one(" \t"), spaces},
		"untrimmed":        {one("Cedric "), spaces},
		"too long":         {one(strings.Repeat("x", 256)), "spec.contacts[1].username: Too long: may not be more than 255"},
		"wrong type":       {one(int64(7)), "spec.contacts[1].username: Invalid value"},
	})
}

func TestGroupBinding(t *testing.T) {
	const (
		id      = "spec.groupID: groupID must be the id of a remote group exactly as the API shows it"
		both    = "spec.adoptionPolicy: groupID and adoptionPolicy ByName exclude each other"
		observe = "spec.managementPolicy: managementPolicy Observe never creates a remote group"
	)
	testCreate(t, "Group", map[string]createCase{
		"groupID":            {set("groupID", "l7cGNIBKZiNJ6wqF"), ""},
		"groupID as UUID":    {set("groupID", "0190b2f5-7d0c-7f4e-9d4e-3c9d1b7c5a11"), ""},
		"groupID empty":      {set("groupID", ""), "spec.groupID: should be at least 1 chars long"},
		"groupID blank":      {set("groupID", " "), id},
		"groupID with space": {set("groupID", "l7cG NIBK"), id},
		"groupID with line":  {set("groupID", "l7cGNIBK\n"), id},
		"groupID with slash": {set("groupID", "../admin"), id},
		"groupID backslash":  {set("groupID", `a\b`), id},
		"groupID escaped":    {set("groupID", "a%2fb"), id},
		"groupID with query": {set("groupID", "a?limit=1"), id},
		"groupID fragment":   {set("groupID", "a#b"), id},
		"groupID parameter":  {set("groupID", "a;b"), id},
		"groupID dot":        {set("groupID", "."), id},
		"groupID dots":       {set("groupID", ".."), id},
		"groupID too long":   {set("groupID", strings.Repeat("x", 254)), "spec.groupID: Too long: may not be more than 253"},

		"by name":                 {set("adoptionPolicy", "ByName"), ""},
		"by name and by id":       {all(set("adoptionPolicy", "ByName"), set("groupID", "l7cGNIBKZiNJ6wqF")), both},
		"never, by id":            {all(set("adoptionPolicy", "Never"), set("groupID", "l7cGNIBKZiNJ6wqF")), ""},
		"observe by id":           {all(set("managementPolicy", "Observe"), set("groupID", "l7cGNIBKZiNJ6wqF")), ""},
		"observe by name":         {all(set("managementPolicy", "Observe"), set("adoptionPolicy", "ByName")), ""},
		"observe what":            {set("managementPolicy", "Observe"), observe},
		"observe null":            {all(set("managementPolicy", "Observe"), set("groupID", nil)), observe},
		"by name and by null":     {all(set("adoptionPolicy", "ByName"), set("groupID", nil)), ""},
		"unknown adoption policy": {set("adoptionPolicy", "Always"), `spec.adoptionPolicy: Unsupported value: "Always": supported values: "Never", "ByName"`},
		"unknown management":      {set("managementPolicy", "Ignore"), `spec.managementPolicy: Unsupported value: "Ignore": supported values: "Manage", "Observe"`},
		"unknown deletion policy": {set("deletionPolicy", "Retain"), `spec.deletionPolicy: Unsupported value: "Retain": supported values: "Archive", "Delete", "Orphan"`},
		"policy Delete":           {set("deletionPolicy", "Delete"), ""},
		"policy Orphan":           {set("deletionPolicy", "Orphan"), ""},
		"suspended":               {set("suspend", true), ""},
	})
}

func TestGroupConnectionRef(t *testing.T) {
	const name = "spec.connectionRef.name: connectionRef.name must be the name of an object"
	ref := func(fields map[string]any) mutation { return set("connectionRef", fields) }
	testCreate(t, "Group", map[string]createCase{
		"own connection":     {ref(map[string]any{"kind": "Connection", "name": "team"}), ""},
		"cluster connection": {ref(map[string]any{"kind": "ClusterConnection", "name": "a.b-c"}), ""},
		"empty":              {ref(map[string]any{}), "spec.connectionRef.kind: Required value"},
		"without kind":       {ref(map[string]any{"name": "team"}), "spec.connectionRef.kind: Required value"},
		"without name":       {ref(map[string]any{"kind": "Connection"}), "spec.connectionRef.name: Required value"},
		"empty name":         {ref(map[string]any{"kind": "Connection", "name": ""}), "spec.connectionRef.name: should be at least 1 chars long"},
		"bad name":           {ref(map[string]any{"kind": "Connection", "name": "Team_1"}), name},
		"too long a name":    {ref(map[string]any{"kind": "Connection", "name": strings.Repeat("x", 254)}), "spec.connectionRef.name: Too long"},
		"unknown kind":       {ref(map[string]any{"kind": "Secret", "name": "team"}), `spec.connectionRef.kind: Unsupported value: "Secret": supported values: "Connection", "ClusterConnection"`},
	})
}

// TestUnknownField: a misspelt field must not be taken for an unmanaged one by
// clients that ask for strict validation, as kubectl does.
func TestUnknownField(t *testing.T) {
	group := object("Group", newNamespace(t), set("avatar_url", "https://example.com/a.jpg"))
	err := api.Create(t.Context(), group, client.DryRunAll, client.FieldValidation("Strict"))
	if err == nil || !strings.Contains(err.Error(), `unknown field "spec.avatar_url"`) {
		t.Errorf("got %v, want a refusal of spec.avatar_url", err)
	}
}
