// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// judge holds each call and each write against what the operator promises, at the moment
// that it is carried out. It keeps in the records who made and owned what; at the account
// and the clusters it only looks.
type judge struct {
	journal *journal
	records *records
	sim     *simulator.Server
	ops     *cluster
	links   links
	witness *witness // of a story, who judges too; else nil
}

// checkCall judges a call at the moment it is carried out.
func (j *judge) checkCall(p *process, c *call) {
	j.checkText("a request", c.request.URL.String()+string(c.body))
	if c.request.Method == http.MethodGet {
		return
	}
	g := c.about.group
	what := fmt.Sprintf("%s %s %s for %s", c.request.Method, c.request.URL.Path, c.body, c.about.name.name)
	if j.witness != nil {
		j.witness.judgeCall(p, c, what)
	}
	if g != nil && (!j.records.leftBehind(g, idOf(c)) || isBound(g, idOf(c))) {
		j.checkMayWrite(p, g, c, what)
	}
	switch c.request.Method {
	case http.MethodPost:
		j.checkPost(p, c, g, what)
	case http.MethodPut:
		j.checkPut(p, c, g, what)
	case http.MethodDelete:
		j.checkDelete(g, idOf(c), what)
	}
}

// idOf is the remote id that a call names.
func idOf(c *call) string { return c.request.URL.Path[strings.LastIndex(c.request.URL.Path, "/")+1:] }

// isBound reports whether a Group says that it is bound to an id.
func isBound(g *v1alpha1.Group, id string) bool {
	return id == g.Status.ID || id == g.Annotations[v1alpha1.AnnotationGroupID]
}

// checkMayWrite: a Group that is suspended, only observed, or bound by another
// cluster writes nothing; nor does one whose group another Group owns.
func (j *judge) checkMayWrite(p *process, g *v1alpha1.Group, c *call, what string) {
	// The reply to a write of its own may show a process more than its cache did
	// when it began.
	now, ok := p.cluster.get(nameOf(g)).(*v1alpha1.Group)
	if !ok || now.UID != g.UID {
		now = g
	}
	switch cluster := g.Annotations[v1alpha1.AnnotationGroupCluster]; {
	case g.Spec.Suspend && now.Spec.Suspend:
		j.journal.violate("not allowed: a suspended Group writes: %s", what)
	case g.Spec.ManagementPolicy == v1alpha1.ManagementObserve && now.Spec.ManagementPolicy == v1alpha1.ManagementObserve:
		j.journal.violate("not allowed: an observing Group writes: %s", what)
	case cluster != "" && cluster != p.cluster.uid:
		j.journal.violate("not allowed: a Group that another cluster bound writes: %s", what)
	}
	id := idOf(c)
	for _, other := range p.cluster.groups() {
		if other.UID == g.UID || other.Status.ID != id {
			continue
		}
		if self, ok := p.cluster.get(nameOf(g)).(*v1alpha1.Group); ok && self.UID == g.UID && self.Status.ID != id {
			j.journal.violate("not ours: the group of %s is written for another: %s", other.Name, what)
		}
	}
}

// checkPost: nothing is created for a Group that is gone or names its group, nor
// over a connection that shows another account.
func (j *judge) checkPost(p *process, c *call, g *v1alpha1.Group, what string) {
	switch {
	case g == nil:
		j.journal.violate("not allowed: created for a Group that is not there: %s", what)
	case g.Spec.GroupID != "" || !g.DeletionTimestamp.IsZero():
		j.journal.violate("not allowed: created for a Group that must not create: %s", what)
	}
	if strings.Contains(c.request.Header.Get("Authorization"), foreignToken) && !j.records.isMixed() {
		for _, other := range p.cluster.groups() {
			if _, exists := j.sim.Group(other.Status.ID); exists && g != nil && other.Spec.ConnectionRef == g.Spec.ConnectionRef {
				j.journal.violate("foreign account: created: %s", what)
				return
			}
		}
	}
}

// checkMade: of all groups made for a lineage, at most one is alive.
func (j *judge) checkMade(p *process, c *call, id string) {
	if c.about.group == nil {
		return
	}
	g := c.about.group
	lineage := j.records.lineageOf(g)
	j.records.add(g, id)
	if strings.Contains(c.request.Header.Get("Authorization"), foreignToken) {
		j.records.mix()
	}
	j.journal.count("created")
	var living []string
	for _, id := range j.records.madeFor(g) {
		if alive(j.sim, id) && !p.cluster.ownedByAnother(g, id) && !j.records.wentToAnother(id, lineage) {
			living = append(living, id)
		}
	}
	if len(living) > 1 && !j.records.isMixed() && !j.records.swapped(lineage) {
		j.journal.violate("doubled: %s (%s) has %d live remote groups: %v (process %d)", c.about.name.name, lineage, len(living), living, p.number)
	}
}

// checkPut: nothing undeclared is written. archived_at is also set at deletion and
// cleared at adoption.
func (j *judge) checkPut(p *process, c *call, g *v1alpha1.Group, what string) {
	var body map[string]any
	if err := json.Unmarshal(c.body, &body); err != nil {
		j.journal.violate("undeclared: a PUT without JSON: %s", what)
		return
	}
	if g == nil {
		return // the policy of a Group that is gone; one that has its name now shows another id, or none
	}
	current, exists := p.cluster.get(nameOf(g)).(*v1alpha1.Group)
	deleting := !g.DeletionTimestamp.IsZero() || !exists || current.UID != g.UID || !current.DeletionTimestamp.IsZero()
	id := idOf(c)
	// Left behind by one of its name, or made for this one before it was restored.
	left := (j.records.leftBehind(g, id) || slices.Contains(j.records.madeFor(g), id)) && !isBound(g, id)
	bound := id == g.Status.ID || j.records.owned(g, id)
	declared := j.records.declaredBy(g)
	for field, value := range body {
		archiving := field == "archived_at" && (value != nil && (deleting && bound || left) || value == nil && (g.Annotations["klink.cloud/unarchive"] != "" || !strings.HasSuffix(c.request.URL.Path, "/"+g.Status.ID)))
		if !declared[field] && !archiving {
			j.journal.violate("undeclared: %s is written: %s", field, what)
		}
	}
}

// checkDelete: permanent deletion needs two consents.
func (j *judge) checkDelete(g *v1alpha1.Group, id, what string) {
	if g == nil && !j.records.everAllowed() || g != nil && !j.records.consented(g, j.links.of(g), j.records.leftBehind(g, id) && !isBound(g, id)) {
		j.journal.violate("two consents: deleted without: %s", what)
	}
}

// checkPatch keeps who has ever owned a remote group: the last one decides what
// becomes of it.
func (j *judge) checkPatch(p *process, n name, body []byte, err error) {
	j.checkText("a patch", string(body))
	if err != nil || n.kind != "Group" || p.cluster != j.ops {
		return
	}
	if strings.Contains(string(body), `"finalizers":[]`) {
		j.journal.count("released")
	}
	if g, ok := p.cluster.get(n).(*v1alpha1.Group); ok {
		if j.witness != nil {
			j.witness.judgeStatus(p, g)
		}
		j.records.own(g)
	}
}

func (j *judge) checkText(where, text string) {
	if strings.Contains(text, rightToken) || strings.Contains(text, foreignToken) {
		j.journal.violate("token: it stands in %s: %s", where, text)
	}
}
