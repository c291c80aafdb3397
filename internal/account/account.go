// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
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
	key   Key
	hooks Hooks
	stop  context.CancelFunc
	kick  chan struct{}

	suspicion chan struct{} // holds one token; taken while a suspicion is being settled

	mu       sync.Mutex
	settings Settings
	client   *klink.Client
	limit    *klink.Limiter // of the endpoint, whatever the token
	lister   *klink.Lister
	mirror   *mirror
	health   health
	trust    trust
	wanted   time.Time           // a listing is awaited that begins after this
	waiting  map[string]struct{} // the bound ids among those who await it
	next     time.Time           // when the next regular pass is due
	holdOff  time.Time           // no pass before this: the last one failed
	misses   int                 // passes in a row that failed while the connection was up
	byGets   bool                // reading the owned groups is cheaper than listing all
	pages    int                 // of the newest listing
	remote   int                 // groups in the newest complete listing
	listed   time.Time           // when that listing began
	watched  time.Time           // when the newest look at all of it began, or that was first to be done
	dialect  klink.Dialect
}

func newAccount(key Key, hooks Hooks) *Account {
	return &Account{
		key: key, hooks: hooks, kick: make(chan struct{}, 1), suspicion: make(chan struct{}, 1), mirror: newMirror(),
		waiting: map[string]struct{}{}, limit: klink.NewLimiter(1, 1), watched: time.Now(),
	}
}

// Format names the connection: printing what is in an Account would show the token.
func (a *Account) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "account.Account{"+a.key.String()+"}")
}

// Key names the connection.
func (a *Account) Key() Key { return a.key }

// Configure takes in settings. A new endpoint is another account: everything
// known is forgotten. A new token keeps the mirror, but has to earn trust.
func (a *Account) Configure(s Settings) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.settings
	if a.client != nil && old.Endpoint == s.Endpoint && old.Token == s.Token {
		a.retune(s)
		return nil
	}
	limit := a.limit
	elsewhere := NormalEndpoint(old.Endpoint) != NormalEndpoint(s.Endpoint)
	if elsewhere {
		limit = klink.NewLimiter(s.PerSecond, s.Burst)
	}
	client, err := klink.New(klink.Config{
		Endpoint: s.Endpoint, Token: s.Token, UserAgent: s.UserAgent, Transport: s.Transport, ReadOnly: s.ReadOnly,
		// Each exchange is the rate's business by itself: a listing has many.
		Observe: func(c klink.Call) { limit.Done(c.Err); a.hooks.Observe(a.key, c) },
	})
	if err != nil {
		return fmt.Errorf("configuring the connection: %w", err)
	}
	if elsewhere {
		a.limit, a.mirror, a.pages, a.remote, a.listed, a.dialect = limit, newMirror(), 0, 0, time.Time{}, ""
		a.watched = time.Now()
	}
	a.mirror.doubt()
	if a.client != nil {
		a.client.Close()
	}
	a.client, a.lister = client, klink.NewLister(client, s.Dialect)
	a.trust, a.health, a.next, a.holdOff, a.misses = trust{}, health{}, time.Time{}, time.Time{}, 0
	a.retune(s)
	a.wake()
	return nil
}

// Block stops all calls because of what a person has to mend. A token that still
// works is kept, unless drop says that the connection may not be used at all.
func (a *Account) Block(message string, drop bool) {
	a.mu.Lock()
	if drop && a.client != nil {
		a.client.Close()
		a.client, a.settings, a.health = nil, Settings{}, health{}
	}
	var news News
	if a.client == nil && (a.health.down != Blocked || a.health.message != message) {
		a.health = health{down: Blocked, message: message}
		news.All = true
	}
	a.mu.Unlock()
	a.tell(news)
}

// close drops the idle connections of an account that is gone.
func (a *Account) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client != nil {
		a.client.Close()
	}
}

// retune applies what can change without a new client. a.mu is held.
func (a *Account) retune(s Settings) {
	if old := a.settings; old.PerSecond != s.PerSecond || old.Burst != s.Burst {
		a.limit.SetCeiling(s.PerSecond, s.Burst)
	}
	if a.settings.Resync != s.Resync {
		a.next = earlier(a.next, time.Now().Add(s.Resync))
		a.wake()
	}
	a.settings = s
}

// Configured reports whether the account has a client, and for which settings.
func (a *Account) Configured() (Settings, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settings, a.client != nil
}

// State is what can be said of the connection at the moment.
type State struct {
	// Up: calls are made. Otherwise Down and Message say why not; both are
	// zero while nothing has been tried yet.
	Up      bool
	Down    Down
	Message string
	// Trusted: it is known to show the right account. Judged: a look has told.
	// Looked: there was a look, even if it could not tell.
	Trusted, Judged, Looked bool
	// Missing and Owned are the numbers behind lost trust.
	Missing, Owned int
	// Listed is when the newest complete listing began, RemoteGroups its size.
	Listed       time.Time
	RemoteGroups int
	// Watched is when the newest listing began, or the gets that stood in for one;
	// before the first, when the connection was set up.
	Watched time.Time
	Dialect klink.Dialect
	// PausedUntil is when the API lets calls through again (429), Paused for how long
	// it did not, in all.
	PausedUntil time.Time
	Paused      time.Duration
	// Rate is the learned rate, in calls a second.
	Rate     float64
	Endpoint string
}

// State returns the present state.
func (a *Account) State() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	return State{
		Up: a.health.up, Down: a.health.down, Message: a.health.message,
		Trusted: a.trust.trusted, Judged: a.trust.judged, Looked: a.trust.looked, Missing: a.trust.missing, Owned: a.trust.owned,
		Listed: a.listed, RemoteGroups: a.remote, Watched: a.watched, Dialect: a.dialect,
		PausedUntil: a.limit.PausedUntil(), Paused: a.limit.Paused(), Rate: a.limit.Rate(), Endpoint: a.settings.Endpoint,
	}
}

// Complete reports whether the account can be listed completely, as far as known.
func (a *Account) Complete() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mirror.begun.IsZero() || a.mirror.complete
}

// AwaitListing asks for a listing that begins after t, for a Group bound to id, or
// for one without an id. It is notified, as are all that have none, when the
// listing is there: at once if it is there by now.
func (a *Account) AwaitListing(t time.Time, id string) {
	a.mu.Lock()
	if listed, _ := a.mirror.provenSince(); listed.After(t) {
		a.mu.Unlock()
		if id != "" {
			a.tell(News{IDs: []string{id}})
		} else {
			a.tell(News{Unbound: true})
		}
		return
	}
	defer a.mu.Unlock()
	if id != "" {
		a.waiting[id] = struct{}{}
	}
	if a.wanted.IsZero() || t.Before(a.wanted) {
		a.wanted = t
	}
	a.wake()
}

// awaited reports whether somebody waits for a listing that may begin now. a.mu is
// held.
func (a *Account) awaited() bool { return !a.wanted.IsZero() && time.Now().After(a.wanted) }

func (a *Account) wake() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

func (a *Account) limiter() *klink.Limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.limit
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
