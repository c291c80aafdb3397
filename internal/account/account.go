// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Settings are what a connection's spec and Secret say.
type Settings struct {
	Endpoint  string
	Token     string
	UserAgent string
	// Resync is how often the account is listed.
	Resync time.Duration
	// PerSecond and Burst are the ceiling of the call rate.
	PerSecond float64
	Burst     int
	// Dialect is the paging to try first.
	Dialect klink.Dialect
	// ListingBytes is what the groups of the account may take in memory; 0 is the default.
	// Of an account that needs more the rest is not watched, which its State says.
	ListingBytes int
	// CABundle are further roots for the endpoint, in PEM, or their BundleSum where the account
	// knows them: see [Account.Knows].
	CABundle string
	// ReadOnly: every call but GET is refused (--dry-run).
	ReadOnly bool
	// Transport is for tests; nil is the default.
	Transport http.RoundTripper
}

// Format leaves out the token, whatever the verb.
func (s Settings) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "account.Settings{Endpoint: "+s.Endpoint+"}")
}

// Account is one connection at run time. It is safe for concurrent use.
type Account struct {
	c    *connection
	stop context.CancelFunc
}

func newAccount(key Key, hooks Hooks) *Account {
	return &Account{c: newConnection(key, hooks)}
}

// Format names the connection: printing what is in an Account would show the token.
func (a *Account) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "account.Account{"+a.c.key.String()+"}")
}

// Key names the connection.
func (a *Account) Key() Key { return a.c.key }

// Configure takes in settings. A new endpoint is another account: everything
// known is forgotten. A new token keeps the mirror, but has to earn trust.
func (a *Account) Configure(s Settings) (err error) {
	a.c.state.Do(func(st *state) {
		if st.knows(s) {
			s.CABundle = st.settings.CABundle
			st.retune(s)
			return
		}
		err = a.c.renew(st, s)
	})
	return err
}

// Knows reports whether the settings need no new client: endpoint, token and roots are what
// they are.
func (a *Account) Knows(s Settings) (known bool) {
	a.c.state.Do(func(st *state) { known = st.knows(s) })
	return known
}

func (s *state) knows(to Settings) bool {
	of := s.settings
	return s.session != nil && of.Endpoint == to.Endpoint && of.Token == to.Token && of.CABundle == BundleSum(to.CABundle)
}

const sumPrefix = "sha256:"

// BundleSum stands for a caBundle whose text is not kept: 300 connections could have some
// that take a quarter of a megabyte each. It is "" for none, and itself for a BundleSum.
func BundleSum(bundle string) string {
	if bundle == "" || IsBundleSum(bundle) {
		return bundle
	}
	sum := sha256.Sum256([]byte(bundle))
	return sumPrefix + hex.EncodeToString(sum[:])
}

// IsBundleSum reports whether a caBundle is not the text itself. No text with a certificate
// is so short, whatever it begins with.
func IsBundleSum(bundle string) bool {
	digits, sum := strings.CutPrefix(bundle, sumPrefix)
	_, err := hex.DecodeString(digits)
	return sum && len(digits) == hex.EncodedLen(sha256.Size) && err == nil
}

// Block stops all calls because of what a person has to fix. A token that still
// works is kept, unless drop says that the connection may not be used at all.
func (a *Account) Block(message string, drop bool) {
	var news News
	a.c.state.Do(func(s *state) {
		if drop && s.session != nil {
			s.session.client.Close()
			s.session, s.settings, s.health = nil, Settings{}, health{}
		}
		if s.session == nil && (s.health.down != Blocked || s.health.message != message) {
			s.health = health{down: Blocked, message: message}
			news.All = true
		}
	})
	a.c.tell(news)
}

// close drops the idle connections of an account that is gone.
func (a *Account) close() {
	a.c.state.Do(func(s *state) {
		if s.session != nil {
			s.session.client.Close()
		}
	})
}

// Configured reports whether the account has a client, and for which settings.
func (a *Account) Configured() (settings Settings, ok bool) {
	a.c.state.Do(func(s *state) { settings, ok = s.settings, s.session != nil })
	return settings, ok
}

// State returns what can be said of the connection at the moment.
func (a *Account) State() (shown State) {
	a.c.state.Do(func(s *state) { shown = s.show(time.Now()) })
	return shown
}

// AwaitListing asks for a listing that begins after t, for a Group bound to id, or
// for one without an id. It is notified, as are all that have none, when the
// listing is there: at once if it is there by now.
func (a *Account) AwaitListing(t time.Time, id string) {
	var news News
	a.c.state.Do(func(s *state) { news = s.await(t, id) })
	a.c.tell(news)
}

// AcceptMissing accepts what passes begun within ten minutes after from miss. A time
// that is still to come accepts nothing.
func (a *Account) AcceptMissing(from time.Time) {
	now := time.Now()
	if from.After(now) {
		return
	}
	a.c.state.Do(func(s *state) {
		if s.trust.acceptFrom.Equal(from) {
			return
		}
		s.trust.acceptFrom = from
		if now.Sub(from) >= acceptWindow {
			return
		}
		// A Group can wait for this where the connection is trusted, too.
		if s.wanted.IsZero() || from.Before(s.wanted) {
			s.wanted = from
		}
		s.waker.wake()
	})
}

// Gone notes that an id was proven gone and acted upon.
func (a *Account) Gone(id string) {
	a.c.state.Do(func(s *state) { s.trust.forget(id) })
}

// Fingerprint tells whether endpoint and token are what they were, for a note that
// outlives this process. It is too short to give a token away.
func (a *Account) Fingerprint(salt string) (short string) {
	a.c.state.Do(func(s *state) { short = Fingerprint(salt, s.settings.Endpoint, s.settings.Token) })
	return short
}

// Fingerprint tells accounts apart by their endpoints and tokens, and gives none away.
func Fingerprint(salt, endpoint, token string) string {
	sum := sha256.Sum256([]byte(salt + "\n" + NormalEndpoint(endpoint) + "\n" + token))
	return hex.EncodeToString(sum[:4])
}
