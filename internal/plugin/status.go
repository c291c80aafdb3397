// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// watchPause is how often status --watch looks again.
const watchPause = 2 * time.Second

// overview is the command status. It only reads.
type overview struct {
	*plugin
	formats

	all, watch bool
	selector   string
}

func statusCommand(p *plugin) *cobra.Command {
	o := &overview{plugin: p}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show connections and Groups in one view: what is ready, what waits, and why",
		Long: `Show the connections and the Groups of a namespace, or of all: those that are not ready
stand first, with the reason. The exit code is 0 when all are ready, and 1 otherwise.`,
		Args: noNames,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	o.addFlags(c.Flags())
	c.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "Show those of all namespaces.")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "Print what changes, until Ctrl-C.")
	c.Flags().StringVarP(&o.selector, "selector", "l", "", "Only Groups with these labels.")
	return c
}

// noNames says what to do for one Group.
func noNames(_ *cobra.Command, names []string) error {
	if len(names) > 0 {
		return errors.New("status takes no names; choose Groups by --selector, or ask \"kubectl klink why NAME\"")
	}
	return nil
}

// view is what status shows of one object.
type view struct {
	Namespace string `json:"namespace,omitempty"`
	Object    string `json:"object"`
	Ready     string `json:"ready"`
	Reason    string `json:"reason"`
	Message   string `json:"message"`
	State     string `json:"state"`
	// Remote is the id of a Group's remote group; RemoteGroups is how many a connection has.
	Remote       string `json:"remote,omitempty"`
	RemoteGroups *int32 `json:"remoteGroups,omitempty"`
	// Listed is when a connection's account was last listed.
	Listed *metav1.Time `json:"lastListTime,omitempty"`
	// Of a Group: its connection, the conversation and the number of members.
	Connection     string `json:"connection,omitempty"`
	ConversationID string `json:"conversationID,omitempty"`
	Contacts       *int32 `json:"contactCount,omitempty"`
	// Endpoint is where a connection leads.
	Endpoint string      `json:"endpoint,omitempty"`
	Created  metav1.Time `json:"creationTimestamp,omitzero"`
}

func (o *overview) run(ctx context.Context) error {
	c, err := o.cluster()
	if err == nil && !o.all {
		err = c.checkNamespace(ctx)
	}
	if err != nil {
		return err
	}
	var (
		shown []view
		away  bool // the API server does not answer for now
	)
	for first := true; ; first = false {
		views, err := o.views(ctx, c)
		if err != nil && (first || !o.outlasts(ctx, err, away)) {
			return err
		}
		if away = err != nil; away {
			views = shown // as far as is known
		}
		if err := o.show(shown, views, first); err != nil {
			return err
		}
		if !o.watch {
			return o.summary(views, time.Now())
		}
		shown = views
		if err := wait(ctx, watchPause); err != nil {
			return err
		}
	}
}

// show prints what is shown at first, and then what is shown otherwise than before.
func (o *overview) show(before, views []view, first bool) error {
	format := o.formats
	format.noHeaders = o.noHeaders || !first
	if !first {
		views = changes(before, views)
	}
	if len(views) == 0 && (!first || o.forPeople()) {
		return nil
	}
	return format.write(o.Out, statusOutput(views, time.Now(), o.output == "wide"))
}

// outlasts reports whether a watch goes on: an API server that is being upgraded is back in a
// moment. It is told once that it does not answer.
func (o *overview) outlasts(ctx context.Context, err error, told bool) bool {
	if ctx.Err() != nil || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return false
	}
	if !told {
		fmt.Fprintln(o.ErrOut, "warning:", harmless(err.Error())+"; asking again")
	}
	return true
}

// changes are what is shown otherwise than before, and what is gone.
func changes(before, now []view) []view {
	changed := slices.DeleteFunc(slices.Clone(now), func(v view) bool { return slices.ContainsFunc(before, v.same) })
	for _, v := range before {
		if !slices.ContainsFunc(now, func(o view) bool { return o.Object == v.Object }) {
			v.Ready, v.Reason, v.Message, v.State = string(metav1.ConditionUnknown), "Deleted", "it is gone from the cluster", stateHidden
			changed = append(changed, v)
		}
	}
	return changed
}

func (v view) same(o view) bool {
	return v.Object == o.Object && v.Ready == o.Ready && v.Reason == o.Reason && v.Message == o.Message && v.remote() == o.remote()
}

// remote is what an object has remotely, for a table.
func (v view) remote() string {
	if v.RemoteGroups != nil {
		return counted(int(*v.RemoteGroups), "group")
	}
	return v.Remote
}

func (o *overview) views(ctx context.Context, c *cluster) ([]view, error) {
	namespace := c.namespace
	if o.all {
		namespace = ""
	}
	options, err := selecting(o.selector)
	if err != nil {
		return nil, err
	}
	connections, hidden, err := c.connections(ctx, namespace)
	if err != nil {
		return nil, err
	}
	groups, err := c.groups(ctx, namespace, options...)
	if err != nil {
		return nil, err
	}
	views := make([]view, 0, len(connections)+len(groups))
	for _, object := range connections {
		if o.selector != "" && !slices.ContainsFunc(groups, func(g v1alpha1.Group) bool { return refers(&g, object) }) {
			continue
		}
		views = append(views, connectionView(object))
	}
	for i := range groups {
		views = append(views, groupView(&groups[i]))
	}
	views = append(views, hiddenViews(groups, hidden)...)
	for i := range views {
		if o.all && views[i].Namespace != "" {
			views[i].Object = views[i].Namespace + " " + views[i].Object
		}
	}
	slices.SortStableFunc(views, func(a, b view) int { return urgency(a) - urgency(b) })
	return views, nil
}

func connectionView(object v1alpha1.ConnectionObject) view {
	v := viewOf(kindName(object), object.GetConditions(), object.GetGeneration(), object.GetConnectionStatus().ObservedGeneration)
	v.RemoteGroups = object.GetConnectionStatus().RemoteGroups
	v.Namespace, v.Listed, v.Endpoint, v.Created = object.GetNamespace(), object.GetConnectionStatus().LastListTime, object.GetConnectionSpec().Endpoint, object.GetCreationTimestamp()
	return v
}

func groupView(g *v1alpha1.Group) view {
	v := viewOf("kgrp/"+g.Name, g.Status.Conditions, g.Generation, g.Status.ObservedGeneration)
	v.Namespace, v.Remote, v.Connection, v.Created = g.Namespace, g.Status.ID, refName(connectionOf(g)), g.CreationTimestamp
	v.ConversationID, v.Contacts = g.Status.ConversationID, g.Status.ContactCount
	return v
}

// hiddenViews are the connections that Groups refer to and that this person may not read.
func hiddenViews(groups []v1alpha1.Group, hidden []v1alpha1.ConnectionKind) []view {
	var views []view
	for i := range groups {
		ref := connectionOf(&groups[i])
		v := view{Object: refName(ref), Ready: string(metav1.ConditionUnknown), Reason: "Forbidden", State: stateHidden}
		v.Message = "you may not read it; Groups that have to wait for it say so"
		if ref.Kind == v1alpha1.KindConnection {
			v.Namespace = groups[i].Namespace
		}
		known := func(o view) bool { return o.Object == v.Object && o.Namespace == v.Namespace }
		if slices.Contains(hidden, ref.Kind) && !slices.ContainsFunc(views, known) {
			views = append(views, v)
		}
	}
	return views
}

// The states of an object, in the order in which status shows them.
const (
	stateStalled = "stalled"
	stateWaiting = "waiting"
	stateReady   = "ready"
	// stateHidden: this person may not read it.
	stateHidden = "hidden"
)

// reasonNotObserved is shown where no condition says anything.
const reasonNotObserved = "NotObserved"

func urgency(v view) int {
	return slices.Index([]string{stateStalled, stateWaiting, stateHidden, stateReady}, v.State)
}

// viewOf says how an object stands by its conditions. What was said of an older
// generation says nothing of this one.
func viewOf(object string, conditions []metav1.Condition, generation, observed int64) view {
	v := view{Object: object, Ready: string(metav1.ConditionUnknown), Reason: reasonNotObserved, State: stateWaiting}
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil {
		v.Message = "the operator has not looked at it yet: does it run, and does it watch this namespace?"
		return v
	}
	v.Ready, v.Reason, v.Message = string(ready.Status), ready.Reason, ready.Message
	switch {
	case observed != generation:
		v.Ready, v.Message = string(metav1.ConditionUnknown), "changed since the operator looked; before: "+ready.Message
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled):
		v.State = stateStalled
	case ready.Status == metav1.ConditionTrue:
		v.State = stateReady
	}
	return v
}

// resourceNames make of a short name the one that -o name of kubectl prints.
var resourceNames = strings.NewReplacer("kgrp/", "group.klink.cloud/", "kconn/", "connection.klink.cloud/", "kcconn/", "clusterconnection.klink.cloud/")

func statusOutput(views []view, now time.Time, wide bool) output {
	out := output{objects: views}
	for _, name := range []string{"object", "ready", "reason", "remote", "listed"} {
		out.columns = append(out.columns, column(name, false))
	}
	for _, name := range []string{"connection", "endpoint", "conversation", "contacts", "age"} {
		out.columns = append(out.columns, column(name, true))
	}
	out.columns = append(out.columns, column("message", false))
	for _, v := range views {
		listed, message, contacts, age := "", v.Message, "", ""
		if v.Listed != nil {
			listed = "within " + atMost(now.Sub(v.Listed.Time))
		}
		if v.State == stateReady && v.Reason != v1alpha1.ReasonDrifted && !wide {
			message = ""
		}
		if v.Contacts != nil {
			contacts = strconv.Itoa(int(*v.Contacts))
		}
		if !v.Created.IsZero() {
			age = duration.HumanDuration(now.Sub(v.Created.Time))
		}
		out.rows = append(out.rows, row(v.Object, v.Ready, v.Reason, v.remote(), listed, v.Connection, v.Endpoint, v.ConversationID, contacts, age, message))
		out.names = append(out.names, resourceNames.Replace(v.Object[strings.LastIndex(v.Object, " ")+1:]))
	}
	return out
}

// atMost says a time, rounded up: a connection's lastListTime moves every five minutes at
// most, so that its newest listing is no older than that, and mostly younger.
func atMost(d time.Duration) string {
	unit := time.Second
	for _, coarse := range []struct{ from, unit time.Duration }{{10 * time.Minute, time.Minute}, {8 * time.Hour, time.Hour}, {8 * 24 * time.Hour, 24 * time.Hour}} {
		if d >= coarse.from {
			unit = coarse.unit
		}
	}
	return duration.HumanDuration(max(d+unit-1, time.Second).Truncate(unit))
}

// summary counts, for a person, and says what the exit code is to be.
func (o *overview) summary(views []view, now time.Time) error {
	counts, oldest, groups := map[string]int{}, time.Duration(0), 0
	for _, v := range views {
		counts[v.State]++
		if v.Connection != "" {
			groups++
		}
		if v.Listed != nil {
			oldest = max(oldest, now.Sub(v.Listed.Time))
		}
	}
	text := fmt.Sprintf("%s and %s: %d ready, %d waiting, %d stalled", counted(len(views)-groups, "connection"), counted(groups, "Group"), counts[stateReady], counts[stateWaiting], counts[stateStalled])
	if n := counts[stateHidden]; n > 0 {
		text += "; " + counted(n, "connection") + " that you may not read"
	}
	if oldest > 0 {
		text += "; the oldest listing is at most " + atMost(oldest) + " old"
	}
	if len(views) == 0 {
		text = "No connections and no Groups here."
	}
	fmt.Fprintln(o.ErrOut, text)
	if counts[stateWaiting]+counts[stateStalled] > 0 {
		return errFound
	}
	return nil
}
