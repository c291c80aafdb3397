// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/version"
)

// defaultOperatorNamespace is where the manifests and the chart put the operator.
const defaultOperatorNamespace = "klink-operator-system"

// tokenVariable names the environment variable that a token may be in.
const tokenVariable = "KLINK_TOKEN"

// unreadable: this person cannot read an account, for lack of a token or of rights. What is
// asked of it has no answer then, which is another thing than that nothing is there.
type unreadable struct{ why string }

func (u *unreadable) Error() string { return u.why }

func isUnreadable(err error) bool { return errors.As(err, new(*unreadable)) }

// What a person can do who may not read something.
const (
	bringToken = "bring a token along with --endpoint and --token-file"
	instead    = "ask those who may, or " + bringToken
)

// access reaches an account, as the flags say: with the token of its connection's Secret, or with
// one that the person brings. It only reads.
type access struct {
	connection, endpoint, tokenFile, operatorNamespace string
	// at is where the person is, who may have set a token.
	at *terminal
}

func (a *access) addFlags(flags *pflag.FlagSet, chooses bool) {
	if chooses {
		flags.StringVar(&a.connection, "connection", "kcconn/default", "Connection whose account is read: kcconn/NAME, or kconn/NAME of the namespace.")
	}
	flags.StringVar(&a.endpoint, "endpoint", "", "Endpoint of the API, to read an account with a token of your own, from --token-file or the environment variable "+tokenVariable+".")
	flags.StringVar(&a.tokenFile, "token-file", "", "File with the token for --endpoint.")
	flags.StringVar(&a.operatorNamespace, "operator-namespace", defaultOperatorNamespace, "Namespace of the operator, which has the Secrets of ClusterConnections.")
}

// own opens the account of --endpoint. A token that a person brings along is never sent
// to an endpoint that somebody else has written into a connection.
func (a *access) own() (*reader, error) {
	token := a.at.env(tokenVariable)
	if a.tokenFile != "" {
		content, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading --token-file: %w", err)
		}
		token = string(content)
	}
	if strings.TrimSpace(token) == "" {
		return nil, fmt.Errorf("--endpoint needs a token: name a file with --token-file, or set %s", tokenVariable)
	}
	return newReader(v1alpha1.ConnectionSpec{Endpoint: strings.TrimRight(a.endpoint, "/")}, token, a.at.ErrOut)
}

// through opens the account behind a connection, with the token of its Secret.
func (a *access) through(ctx context.Context, c *cluster, object v1alpha1.ConnectionObject) (*reader, error) {
	if a.endpoint != "" {
		if account.NormalEndpoint(a.endpoint) != account.NormalEndpoint(object.GetConnectionSpec().Endpoint) {
			return nil, &unreadable{"--endpoint is another account than that of " + kindName(object)}
		}
		return a.own()
	}
	if a.tokenFile != "" {
		return nil, errors.New("--token-file goes with --endpoint: the token of a connection is in its Secret")
	}
	if err := mayReceiveToken(object); err != nil {
		return nil, err
	}
	ref := object.GetConnectionSpec().TokenSecretRef
	secret, err := c.secret(ctx, object, a.operatorNamespace)
	switch {
	case apierrors.IsForbidden(err):
		return nil, &unreadable{fmt.Sprintf("no token: you may not read Secret %s/%s of %s; %s", secret.Namespace, ref.Name, kindName(object), instead)}
	case apierrors.IsNotFound(err):
		return nil, &unreadable{fmt.Sprintf("no token: Secret %s/%s of %s does not exist%s", secret.Namespace, ref.Name, kindName(object), whereSought(object))}
	case err != nil:
		return nil, fmt.Errorf("reading the Secret of %s: %w", kindName(object), err)
	}
	token := string(secret.Data[ref.Key])
	if strings.TrimSpace(token) == "" {
		return nil, &unreadable{fmt.Sprintf("no token: Secret %s/%s of %s has none under key %q", secret.Namespace, ref.Name, kindName(object), ref.Key)}
	}
	return newReader(*object.GetConnectionSpec(), token, a.at.ErrOut)
}

// named reads the connection that a command names. One that may not be read is taken to lead
// to the endpoint that is given.
func (a *access) named(ctx context.Context, c *cluster) (v1alpha1.ConnectionObject, error) {
	ref, err := parseConnection(a.connection)
	if err != nil {
		return nil, err
	}
	object, err := c.connection(ctx, ref, c.namespace)
	switch {
	case isUnreadable(err) && a.endpoint != "":
		fmt.Fprintf(a.at.ErrOut, "warning: you may not read %s: it is taken to lead to --endpoint\n", a.connection)
		object.GetConnectionSpec().Endpoint = a.endpoint
	case isUnreadable(err):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", a.connection, err)
	}
	return object, nil
}

// mayReceiveToken keeps the token of a Secret from an endpoint of a namespace's Connection that
// the operator does not itself send it to by now: who may write Connections, and not read
// Secrets, could otherwise have it sent anywhere by the next person with more rights who looks.
// ClusterConnections are written by cluster admins.
func mayReceiveToken(object v1alpha1.ConnectionObject) error {
	if object.GetNamespace() == "" {
		return nil
	}
	ready := meta.FindStatusCondition(object.GetConditions(), v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.ObservedGeneration != object.GetGeneration():
		return &unreadable{"no token is sent: the operator has not looked yet at " + kindName(object) + " as it is now, and so not said whether its endpoint is allowed; try again in a moment, or " + bringToken}
	case !slices.Contains(tokenWasSent, ready.Reason):
		return &unreadable{"no token is sent: the operator does not use " + kindName(object) + " (" + ready.Reason + ": " + ready.Message + "); if you trust its endpoint, " + bringToken}
	}
	return nil
}

// tokenWasSent are the reasons that a connection has only after the operator has allowed its
// endpoint. Others, such as Terminating, say nothing about it.
var tokenWasSent = []string{
	v1alpha1.ReasonConnected, v1alpha1.ReasonUnauthorized, v1alpha1.ReasonUnavailable, v1alpha1.ReasonRateLimited, v1alpha1.ReasonMassDisappearance,
}

// whereSought says that the Secret of a ClusterConnection may be elsewhere.
func whereSought(object v1alpha1.ConnectionObject) string {
	if object.GetNamespace() != "" {
		return ""
	}
	return " (is --operator-namespace right?)"
}

// reader is one account of klink.cloud, to read and nothing else.
type reader struct {
	client   *klink.Client
	limit    *klink.Limiter
	dialect  klink.Dialect
	progress *progress
	// fingerprint is that of the account.
	fingerprint func(salt string) string
}

// The rate at which a person's commands begin; what the operator does goes on beside them.
const ownRate, ownBurst = 10, 10

// ownMemory is what a listing may take in memory, in bytes: a person's machine has more of
// it than the operator's container.
const ownMemory = 1 << 30

func newReader(spec v1alpha1.ConnectionSpec, token string, to io.Writer) (*reader, error) {
	a := &reader{limit: klink.NewLimiter(ownRate, ownBurst), progress: newProgress(to)}
	if most := spec.RateLimit.RequestsPerSecond; most > 0 && most < ownRate {
		a.limit = klink.NewLimiter(float64(most), 1)
	}
	config := klink.Config{
		Endpoint: spec.Endpoint, Token: strings.TrimSpace(token), UserAgent: "kubectl-klink/" + version.Version, ReadOnly: true,
		CABundle: []byte(spec.CABundle), Observe: func(c klink.Call) { a.limit.Done(c.Err) },
	}
	a.fingerprint = func(salt string) string { return account.Fingerprint(salt, config.Endpoint, config.Token) }
	var err error
	a.client, err = klink.New(config)
	return a, err
}

// patience bounds how often one thing is asked for, when the API refuses for now.
const patience = 6

// list lists the whole account, and once more what was refused for now.
func (a *reader) list(ctx context.Context) (klink.Listing, error) {
	defer a.progress.clear()
	pages := 0
	for attempt := 1; ; attempt++ {
		lister := klink.NewLister(a.client, a.dialect)
		lister.Limit(ownMemory)
		listing, err := lister.List(ctx, func(ctx context.Context) error {
			pages++
			a.progress.say("listing the account, page %d", pages)
			return a.slot(ctx)
		})
		if err == nil || attempt == patience || !passing(err) {
			return listing, err
		}
	}
}

// get reads one group.
func (a *reader) get(ctx context.Context, id string) (klink.Group, error) {
	defer a.progress.clear()
	for attempt := 1; ; attempt++ {
		if err := a.slot(ctx); err != nil {
			return klink.Group{}, err
		}
		group, err := a.client.Get(ctx, id)
		if err == nil || attempt == patience || !passing(err) {
			return group, err
		}
	}
}

// slot waits for the right to make one call now.
func (a *reader) slot(ctx context.Context) error {
	for {
		due, ok := a.limit.Take(klink.Caller{Key: "kubectl-klink", Class: klink.ClassChange})
		if ok {
			return ctx.Err()
		}
		if pause := time.Until(due); pause > time.Second {
			a.progress.say("the API takes no calls for %s", pause.Round(time.Second))
		}
		if err := wait(ctx, time.Until(due)); err != nil {
			return err
		}
	}
}

// passing reports whether the same call may be answered later.
func passing(err error) bool {
	kind := klink.KindOf(err)
	return kind == klink.KindThrottled || kind == klink.KindServer
}

// wait ends early when the context does.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
