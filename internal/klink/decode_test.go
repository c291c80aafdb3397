// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

func plaza(change func(*Group)) Group {
	g := Group{
		ID: "l7cGNIBKZiNJ6wqF", Name: "Plaza Hotel", Description: "World-renowned.",
		AvatarURL:      "https://assets.protocol.chat/avatars/plazahotel.jpg",
		ConversationID: "ZYjVAbCE9g5XRlra",
		Contacts:       []string{"Hector", "Cedric", "Hester", "Cliff"},
		CreatedAt:      time.Date(1991, 12, 8, 23, 0, 0, 0, time.UTC),
	}
	if change != nil {
		change(&g)
	}
	return g
}

func TestDecodeGroup(t *testing.T) {
	bare := Group{ID: "a", Contacts: []string{}, Unknown: remote.AllFields}
	with := func(shown remote.FieldSet, change func(*Group)) Group {
		g := bare
		g.Unknown &^= shown
		change(&g)
		return g
	}
	nothing := func(*Group) {}
	tests := map[string]struct {
		body string
		want Group
		fail string
	}{
		"the page's GET":     {body: string(golden(t, "group.json")), want: plaza(nil)},
		"the page's PUT":     {body: string(golden(t, "updated.json")), want: plaza(func(g *Group) { g.Description = "The finest in New York." })},
		"the page's POST":    {body: string(golden(t, "created.json")), want: plaza(func(g *Group) { g.Description, g.AvatarURL, g.Contacts = "", "", []string{} })},
		"wrapped":            {body: `{"status":"success","message":"ok","data":{"id":"a","name":"n"}}`, want: with(remote.FieldName, func(g *Group) { g.Name = "n" })},
		"bare with a data":   {body: `{"id":"a","data":{"id":"b"}}`, want: bare},
		"id alone":           {body: `{"id":"a"}`, want: bare},
		"nulls":              {body: `{"id":"a","name":null,"contacts":null,"created_at":null}`, want: with(remote.FieldName|remote.FieldContacts|remote.FieldCreatedAt, nothing)},
		"other keys":         {body: `{"id":"a","ID":"b","Name":"x","color":{"r":1},"contacts":[]}`, want: with(remote.FieldContacts, nothing)},
		"RFC 3339":           {body: `{"id":"a","archived_at":"2026-01-02T03:04:05+01:00"}`, want: with(remote.FieldArchivedAt, func(g *Group) { g.ArchivedAt = time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC) })},
		"rich contacts":      {body: `{"id":"a","contacts":[{"username":"x","id":7,"phone":null},{"id":8},null,{"username":null}]}`, want: with(remote.FieldContacts, func(g *Group) { g.Contacts, g.MoreContacts = []string{"x"}, true })},
		"no id":              {body: `{"name":"n"}`, fail: "no group id"},
		"empty id":           {body: `{"id":""}`, fail: "no group id"},
		"wrapped without id": {body: `{"status":"success","data":{}}`, fail: "no group id"},
		"wrapped null":       {body: `{"status":"error","data":null}`, fail: "the call failed"},
		"id of another type": {body: `{"id":7}`, fail: "no group id"},
		"an id with a slash": {body: `{"id":"a/b"}`, fail: "not to be used"},
		"odd values":         {body: `{"id":"a","name":7,"description":[],"avatar_url":{},"conversation_id":1.5,"contacts":"x","created_at":"yesterday","archived_at":true}`, want: bare},
		"contacts as texts":  {body: `{"id":"a","contacts":["x"]}`, want: with(0, func(g *Group) { g.MoreContacts = true })},
		"an odd username":    {body: `{"id":"a","contacts":[{"username":"x"},{"username":12345},{"username":"y"}]}`, want: with(0, func(g *Group) { g.MoreContacts = true })},
		"too many contacts":  {body: `{"id":"a","contacts":[` + strings.Repeat(`{"username":"x"},`, maxMembers) + `{"username":"y"}]}`, want: with(0, func(g *Group) { g.MoreContacts = true })},
		"a name too long":    {body: `{"id":"a","name":"` + strings.Repeat("x", maxLabel+1) + `"}`, want: bare},
		"odd where nobody needs it": {
			body: `{"id":"a","name":"n","members_url":[[{}]],"total":{"contacts":7},"contact_owner":{"username":12345}}`,
			want: with(remote.FieldName, func(g *Group) { g.Name = "n" }),
		},
		"contacts in their order": {
			body: `{"id":"a","contacts":[{"username":"z"},{"username":"a"},{"username":"m"}]}`,
			want: with(remote.FieldContacts, func(g *Group) { g.Contacts = []string{"z", "a", "m"} }),
		},
		"more contacts than shown, by number": {
			body: `{"id":"a","contacts_count":2,"contacts":[{"username":"x"}]}`,
			want: with(remote.FieldContacts, func(g *Group) { g.Contacts, g.MoreContacts = []string{"x"}, true }),
		},
		"more contacts than shown, by word": {
			body: `{"id":"a","contacts":[{"username":"x"}],"has_more_contacts":true}`,
			want: with(remote.FieldContacts, func(g *Group) { g.Contacts, g.MoreContacts = []string{"x"}, true }),
		},
		"as many contacts as it says": {
			body: `{"id":"a","member_count":1,"has_more_contacts":false,"contacts":[{"username":"x"}]}`,
			want: with(remote.FieldContacts, func(g *Group) { g.Contacts = []string{"x"} }),
		},
		"contacts twice": {
			body: `{"id":"a","contacts":[{"username":"x"},{}],"contacts":[{"username":"y"}]}`,
			want: with(remote.FieldContacts, func(g *Group) { g.Contacts = []string{"y"} }),
		},
		"contacts, then none":     {body: `{"id":"a","contacts":[{"username":"x"}],"contacts":null}`, want: with(remote.FieldContacts, nothing)},
		"a name, then an odd one": {body: `{"id":"a","name":"n","name":7}`, want: bare},
		"a name, then none":       {body: `{"id":"a","name":"n","name":null}`, want: with(remote.FieldName, nothing)},
		"data twice":              {body: `{"data":{"id":"b","name":"n"},"data":{"id":"a"}}`, want: bare},
		"a broken member":         {body: `{"id":"a","contacts":[{"username":}]}`, fail: "not a JSON object"},
		"broken contacts":         {body: `{"id":"a","contacts":@}`, fail: "not a JSON object"},
		"a broken name":           {body: `{"id":"a","name":nul}`, fail: "not a JSON object"},
		"a broken time":           {body: `{"id":"a","created_at":1.}`, fail: "not a JSON object"},
		"a broken status":         {body: `{"id":"a","status":"`, fail: "not a JSON object"},
		"broken data":             {body: `{"id":"a","data":{"name":}}`, fail: "not a JSON object"},
		"data that ends":          {body: `{"id":"a","data":[1`, fail: "not a JSON object"},
		"a broken extra":          {body: `{"id":"a","color":{"r":}}`, fail: "not a JSON object"},
		"the longest id":          {body: `{"id":"` + strings.Repeat("a", maxID) + `"}`, want: with(0, func(g *Group) { g.ID = strings.Repeat("a", maxID) })},
		"the longest name":        {body: `{"id":"a","name":"` + strings.Repeat("x", maxLabel) + `"}`, want: with(remote.FieldName, func(g *Group) { g.Name = strings.Repeat("x", maxLabel) })},
		"the longest text":        {body: `{"id":"a","description":"` + strings.Repeat("x", maxText) + `"}`, want: with(remote.FieldDescription, func(g *Group) { g.Description = strings.Repeat("x", maxText) })},
		"just too long":           {body: `{"id":"a","description":"` + strings.Repeat("x", maxText-1) + `ä"}`, want: with(remote.FieldDescription, func(g *Group) { g.Description = strings.Repeat("x", maxText-1) })},
		"most members":            {body: `{"id":"a","contacts":[` + strings.Repeat(`{"username":"x"},`, maxMembers-1) + `{"username":"x"}]}`, want: with(remote.FieldContacts, func(g *Group) { g.Contacts = slices.Repeat([]string{"x"}, maxMembers) })},
		"names of many bytes":     {body: `{"id":"a","contacts":[{"username":"` + strings.Repeat("x", maxMemberBytes) + `"}]}`, want: with(remote.FieldContacts, func(g *Group) { g.Contacts = []string{strings.Repeat("x", maxMemberBytes)} })},
		"one byte too many":       {body: `{"id":"a","contacts":[{"username":"` + strings.Repeat("x", maxMemberBytes) + `"},{"username":"y"}]}`, want: with(0, func(g *Group) { g.MoreContacts = true })},
		"empty":                   {body: " ", fail: "empty"},
		"HTML":                    {body: "<html>", fail: "not a JSON object"},
		"truncated":               {body: `{"id":"a"`, fail: "not a JSON object"},
		"two values":              {body: `{"id":"a"}{"id":"b"}`, fail: "not a JSON object"},
		"null":                    {body: "null", fail: "not a JSON object"},
		"list":                    {body: "[]", fail: "not a JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decodeGroup(strings.NewReader(test.body))
			checkDecoded(t, got, err, test.want, test.fail)
		})
	}
}

func checkDecoded(t *testing.T, got any, err error, want any, fail string) {
	t.Helper()
	if fail != "" {
		if err == nil || !strings.Contains(err.Error(), fail) {
			t.Errorf("got %+v and the error %v, want one that says %q", got, err, fail)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodePage(t *testing.T) {
	summary := func(id string) Group { return Group{ID: id, Contacts: []string{}, Unknown: remote.AllFields} }
	a, b := summary("a"), summary("b")
	tests := map[string]struct {
		body string
		want Page
		fail string
	}{
		"the page's list": {
			body: string(golden(t, "list.json")),
			want: Page{Groups: []Group{plaza(nil), summary("hSIhXBhNe8X1d8Et")}, Items: 2, HasMore: ptr(false)},
		},
		"numbered": {
			body: `{"total":12,"page":2,"pageSize":10,"lastPage":2,"data":[{"id":"a"},{"id":"b"}]}`,
			want: Page{Groups: []Group{a, b}, Items: 2, Total: ptr(12), Number: ptr(2), Size: ptr(10), LastPage: ptr(2)},
		},
		"wrapped":          {body: `{"status":"success","data":{"has_more":true,"data":[{"id":"a"}]}}`, want: Page{Groups: []Group{a}, Items: 1, HasMore: ptr(true)}},
		"says nothing":     {body: `{"data":[]}`, want: Page{Groups: []Group{}}},
		"nulls":            {body: `{"data":[],"has_more":null,"total":null}`, want: Page{Groups: []Group{}}},
		"no data":          {body: `{"has_more":false}`, fail: "no list"},
		"null data":        {body: `{"data":null}`, fail: "no list"},
		"numbers as texts": {body: `{"data":[],"has_more":"true","total":"7"}`, want: Page{Groups: []Group{}, HasMore: ptr(true), Total: ptr(7)}},
		"a group without an id": {
			body: `{"data":[{"id":"a"},{},{"id":7},null,"x",[1,[2]]]}`,
			want: Page{Groups: []Group{a}, Items: 6, Odd: Oddities{First: "an item shows no readable id", Count: 5}},
		},
		"an odd group": {
			body: `{"data":[{"id":"a"},{"id":"b","contacts":[{"username":12345}],"created_at":"soon"},{"name":7,"id":"a2"}]}`,
			want: Page{
				Groups: []Group{a, {ID: "b", Contacts: []string{}, Unknown: remote.AllFields, MoreContacts: true}, summary("a2")}, Items: 3,
				Odd: Oddities{First: "of the group b, contacts has a username of an unexpected type; created_at is not a timestamp between the years 0 and 9999", Count: 2},
			},
		},
		"an odd key of each kind": {
			body: `{"data":[{"id":"a","name":7,"name":7,"description":7,"avatar_url":7,"conversation_id":7,"contacts":7,"created_at":{},"archived_at":{},"contacts":[7],"contacts":[{"username":7}]}]}`,
			want: Page{
				Groups: []Group{{ID: "a", Contacts: []string{}, Unknown: remote.AllFields, MoreContacts: true}}, Items: 1,
				Odd: Oddities{First: "of the group a, name has an unexpected type; description has an unexpected type; avatar_url has an unexpected type; conversation_id has an unexpected type; " +
					"contacts has an unexpected type; created_at is not a timestamp between the years 0 and 9999; archived_at is not a timestamp between the years 0 and 9999; " +
					"contacts has a member of an unexpected type", Count: 1},
			},
		},
		"the first odd member is told of": {
			body: `{"data":[{"id":"a","contacts":[{"username":7},7]}]}`,
			want: Page{Groups: []Group{{ID: "a", Contacts: []string{}, Unknown: remote.AllFields, MoreContacts: true}}, Items: 1, Odd: Oddities{First: "of the group a, contacts has a username of an unexpected type", Count: 1}},
		},
		"text for a flag": {body: `{"has_more":"no","data":[]}`, fail: "has_more"},
		"a bare list":     {body: `[{"id":"a"}]`, fail: "not a JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decodePage(strings.NewReader(test.body), nil)
			checkDecoded(t, got, err, test.want, test.fail)
		})
	}
}

func TestDecodeTimestamp(t *testing.T) {
	at := time.Unix(692233200, 0).UTC()
	tests := map[string]struct {
		want time.Time
		fail bool
	}{
		`692233200`:                     {want: at},
		`692233200.5`:                   {want: at.Add(time.Second / 2)},
		`6.922332e8`:                    {want: at},
		`"692233200"`:                   {want: at},
		`"1991-12-08T23:00:00Z"`:        {want: at},
		`"1991-12-08T18:00:00-05:00"`:   {want: at},
		`"1991-12-08T23:00:00.250Z"`:    {want: at.Add(time.Second / 4)},
		`null`:                          {},
		`""`:                            {},
		`0`:                             {want: time.Unix(0, 0).UTC()},
		`-1`:                            {want: time.Unix(-1, 0).UTC()},
		`"0000-01-01T00:00:00Z"`:        {want: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
		`"9999-12-31T23:59:59Z"`:        {want: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		`true`:                          {fail: true},
		`{}`:                            {fail: true},
		`"soon"`:                        {fail: true},
		`"NaN"`:                         {fail: true},
		`"Inf"`:                         {fail: true},
		`1e300`:                         {fail: true},
		`"1991-12-08T23:00:00Z and so"`: {fail: true},
	}
	for text, test := range tests {
		got, err := decodeTimestamp(json.RawMessage(text))
		if (err != nil) != test.fail || !got.Equal(test.want) {
			t.Errorf("%s: got %v and the error %v, want %v", text, got, err, test.want)
		}
	}
}

func TestEncodeFields(t *testing.T) {
	tests := map[string]struct {
		fields Fields
		want   string
		names  []string
	}{
		"nothing":   {want: `{}`},
		"all":       {fields: Fields{Name: ptr("n"), Description: ptr("d"), AvatarURL: ptr("u"), Contacts: &[]string{"x", "y"}, ArchivedAt: ptr(time.Unix(692233200, 999))}, want: `{"archived_at":692233200,"avatar_url":"u","contacts":[{"username":"x"},{"username":"y"}],"description":"d","name":"n"}`, names: []string{"name", "description", "avatarURL", "contacts", "archived"}},
		"cleared":   {fields: Fields{Description: ptr(""), Contacts: &[]string{}}, want: `{"contacts":[],"description":""}`, names: []string{"description", "contacts"}},
		"nil list":  {fields: Fields{Contacts: new([]string)}, want: `{"contacts":[]}`, names: []string{"contacts"}},
		"unarchive": {fields: Fields{ArchivedAt: &time.Time{}}, want: `{"archived_at":null}`, names: []string{"archived"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := encode(test.fields)
			if err != nil || string(got) != test.want {
				t.Errorf("got %s and the error %v, want %s", got, err, test.want)
			}
			if diff := cmp.Diff(test.names, test.fields.Names()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
