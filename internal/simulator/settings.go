// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Paging is a way of listing an account in parts. The groups page documents limit and has_more but no way onward, so
// each of these is a reading of it.
type Paging string

// The paging dialects.
const (
	// Cursor: has_more, and starting_after or ending_before set to an id.
	Cursor Paging = "Cursor"
	// Page: page and pageSize (or limit), in the envelope total, page, pageSize, lastPage, data.
	Page Paging = "Page"
	// HasMorePage: page and limit (or pageSize), in the envelope has_more, data.
	HasMorePage Paging = "HasMorePage"
	// Limit: has_more and no way onward but a larger limit, uncapped unless MaxLimit says otherwise.
	Limit Paging = "Limit"
	// SinglePage: everything at once, whatever the limit.
	SinglePage Paging = "SinglePage"
	// Incomplete: the first groups only, at most 100, whatever is asked.
	Incomplete Paging = "Incomplete"
)

// Order is the order of a listing.
type Order string

// The orders. Groups made within one second are in the order of their making.
const (
	NewestFirst Order = "NewestFirst"
	OldestFirst Order = "OldestFirst"
)

// Envelope says how a single group is wrapped.
type Envelope string

// The envelopes: the bare object of the groups page, or the status, message, data of the vendor's newer endpoints.
const (
	Bare    Envelope = "Bare"
	Wrapped Envelope = "Wrapped"
)

// Timestamps is the form of a time in a reply. In requests both forms are always understood.
type Timestamps string

// The forms: a number of seconds, or a string.
const (
	Unix    Timestamps = "Unix"
	RFC3339 Timestamps = "RFC3339"
)

// Unknown says what happens to contacts that are not among Settings.KnownContacts.
type Unknown string

// What happens to unknown contacts.
const (
	Accept Unknown = "Accept"
	Drop   Unknown = "Drop"
	Reject Unknown = "Reject"
)

// Text says how the texts of a request (name, description, avatar_url) are normalised before they are stored.
type Text string

// The normalisations.
const (
	AsIs       Text = "AsIs"
	Trim       Text = "Trim"
	EscapeHTML Text = "EscapeHTML"
	// NullEmpty stores an empty description or avatar_url as null.
	NullEmpty Text = "NullEmpty"
	// Compose stores Unicode's composed form (NFC), and Lowercase lower case.
	Compose   Text = "Compose"
	Lowercase Text = "Lowercase"
)

// DeleteReply is the reply to a DELETE, of which the page shows none.
type DeleteReply string

// The replies: 204 without a body, or 200 with the id and "deleted": true.
const (
	NoContent DeleteReply = "NoContent"
	WithBody  DeleteReply = "WithBody"
)

// DeleteUnknown is the reply to a DELETE of a group that does not exist.
type DeleteUnknown string

// The replies: 404, or that of a DELETE that did something.
const (
	NotFound  DeleteUnknown = "NotFound"
	AsDeleted DeleteUnknown = "AsDeleted"
)

// GoneCursor is the reply to a listing that is to go on from a group that has been deleted.
type GoneCursor string

// The replies: 400, an end of the list, or its beginning.
const (
	CursorRefused   GoneCursor = "Refused"
	CursorEmptyPage GoneCursor = "EmptyPage"
	CursorFirstPage GoneCursor = "FirstPage"
)

// LagOn says which reads lag behind the writes.
type LagOn string

// Which reads lag.
const (
	LagAll   LagOn = "All"
	LagLists LagOn = "Lists"
)

// RetryAfter is the form of the Retry-After header of a 429.
type RetryAfter string

// The forms of Retry-After.
const (
	RetryAfterSeconds RetryAfter = "Seconds"
	RetryAfterDate    RetryAfter = "Date"
	RetryAfterNone    RetryAfter = "None"
)

// Put says what a PUT does with the attributes that it does not send.
type Put string

// What it does: leaves them, or resets them, except the name.
const (
	Merge   Put = "Merge"
	Replace Put = "Replace"
)

// WriteReply is the reply to a POST or PUT.
type WriteReply string

// The replies: the group, or 204 without a body.
const (
	WithGroup   WriteReply = "WithGroup"
	WithoutBody WriteReply = "WithoutBody"
)

// RateLimit is a token bucket for each tenant. The zero value limits nothing.
type RateLimit struct {
	RequestsPerSecond float64    `json:"requestsPerSecond"`
	Burst             int        `json:"burst"`
	RetryAfter        RetryAfter `json:"retryAfter,omitempty"`
}

// Settings are the answers to what the groups page leaves open. The zero value is the most literal reading of the
// page; New and Configure replace empty choices by their defaults, the first of each list of constants.
type Settings struct {
	Paging      Paging      `json:"paging"`
	Order       Order       `json:"order"`
	Envelope    Envelope    `json:"envelope"`
	Timestamps  Timestamps  `json:"timestamps"`
	Text        Text        `json:"text"`
	DeleteReply DeleteReply `json:"deleteReply"`
	// DeleteUnknown and GoneCursor are replies about groups that are gone.
	DeleteUnknown DeleteUnknown `json:"deleteUnknown"`
	GoneCursor    GoneCursor    `json:"goneCursor"`
	Put           Put           `json:"put"`
	WriteReply    WriteReply    `json:"writeReply"`

	// MaxLimit is the largest page; 0 is 100, or no maximum under the paging Limit. A larger limit is taken for the
	// largest, or refused with 400 under RejectLargeLimit.
	MaxLimit         int  `json:"maxLimit"`
	RejectLargeLimit bool `json:"rejectLargeLimit"`
	// OmitHasMore leaves has_more out of the envelope.
	OmitHasMore bool `json:"omitHasMore"`
	// IgnoreIDCase finds a group by any spelling of its id; replies have its own.
	IgnoreIDCase bool `json:"ignoreIDCase"`
	// HideArchived leaves archived groups out of a listing without archived=true.
	HideArchived bool `json:"hideArchived"`
	// UniqueNames answers 409 to a second group of the same name, archived ones included.
	UniqueNames bool `json:"uniqueNames"`

	UnknownContacts Unknown  `json:"unknownContacts"`
	KnownContacts   []string `json:"knownContacts,omitempty"`
	// ContactDetails adds id and name to each contact of a reply.
	ContactDetails bool `json:"contactDetails"`
	// NumericUsernames shows usernames of digits alone as JSON numbers.
	NumericUsernames bool `json:"numericUsernames"`
	// SignedAvatars shows each avatar_url with a signature that differs at each read.
	SignedAvatars bool `json:"signedAvatars"`
	// OmitInLists are the attributes that listed groups lack, and a single one has.
	OmitInLists []string `json:"omitInLists,omitempty"`
	// CutInLists is how many characters of a description and how many contacts a listed
	// group has at most; 0 cuts nothing.
	CutInLists int `json:"cutInLists,omitempty"`

	// Latency delays each reply; the change is made before it.
	Latency time.Duration `json:"-"`
	// Lag shows reads the state as of so long ago. Writes always see the present.
	Lag   time.Duration `json:"-"`
	LagOn LagOn         `json:"lagOn"`
	// Age is what the header Age of each reply to a GET says, as if a cache had it; 0 leaves it out.
	Age time.Duration `json:"-"`
	// ClockSkew is how far the server's clock, which created_at shows, is ahead.
	ClockSkew time.Duration `json:"-"`

	RateLimit RateLimit `json:"rateLimit"`
}

const defaultMaxLimit = 100

// withDefaults returns the settings with every empty choice made.
func (s Settings) withDefaults() Settings {
	orDefault(&s.Paging, Cursor)
	orDefault(&s.Order, NewestFirst)
	orDefault(&s.Envelope, Bare)
	orDefault(&s.Timestamps, Unix)
	orDefault(&s.Text, AsIs)
	orDefault(&s.DeleteReply, NoContent)
	orDefault(&s.DeleteUnknown, NotFound)
	orDefault(&s.GoneCursor, CursorRefused)
	orDefault(&s.Put, Merge)
	orDefault(&s.WriteReply, WithGroup)
	orDefault(&s.UnknownContacts, Accept)
	orDefault(&s.LagOn, LagAll)
	orDefault(&s.RateLimit.RetryAfter, RetryAfterSeconds)
	s.KnownContacts, s.OmitInLists = slices.Clone(s.KnownContacts), slices.Clone(s.OmitInLists)
	return s
}

func orDefault[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}

// Validate names every choice that does not exist, with those that do. An empty choice stands for its default.
func (s Settings) Validate() error {
	s = s.withDefaults()
	return errors.Join(
		oneOf("paging", s.Paging, Cursor, Page, HasMorePage, Limit, SinglePage, Incomplete),
		oneOf("order", s.Order, NewestFirst, OldestFirst),
		oneOf("envelope", s.Envelope, Bare, Wrapped),
		oneOf("timestamps", s.Timestamps, Unix, RFC3339),
		oneOf("text", s.Text, AsIs, Trim, EscapeHTML, NullEmpty, Compose, Lowercase),
		oneOf("deleteReply", s.DeleteReply, NoContent, WithBody),
		oneOf("deleteUnknown", s.DeleteUnknown, NotFound, AsDeleted),
		oneOf("goneCursor", s.GoneCursor, CursorRefused, CursorEmptyPage, CursorFirstPage),
		oneOf("put", s.Put, Merge, Replace),
		oneOf("writeReply", s.WriteReply, WithGroup, WithoutBody),
		oneOf("unknownContacts", s.UnknownContacts, Accept, Drop, Reject),
		oneOf("lagOn", s.LagOn, LagAll, LagLists),
		oneOf("rateLimit.retryAfter", s.RateLimit.RetryAfter, RetryAfterSeconds, RetryAfterDate, RetryAfterNone),
		omits(s.OmitInLists),
		notNegative("maxLimit", s.MaxLimit),
		notNegative("cutInLists", s.CutInLists),
		notNegative("latency", s.Latency),
		notNegative("age", s.Age),
		notNegative("lag", s.Lag),
		notNegative("rateLimit.requestsPerSecond", s.RateLimit.RequestsPerSecond),
		notNegative("rateLimit.burst", s.RateLimit.Burst),
	)
}

// omittable are the attributes that OmitInLists may name: all but the id.
var omittable = []string{"name", "description", "avatar_url", "conversation_id", "contacts", "created_at", "archived_at"}

func omits(names []string) error {
	var err error
	for _, name := range names {
		err = errors.Join(err, oneOf("omitInLists", name, omittable...))
	}
	return err
}

func oneOf[T ~string](name string, value T, choices ...T) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is not one of %q", name, value, choices)
}

func notNegative[T ~int | ~int64 | ~float64](name string, value T) error {
	if value < 0 {
		return fmt.Errorf("%s: %v is negative", name, value)
	}
	return nil
}
