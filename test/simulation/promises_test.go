// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// checkCall judges a call at the moment it is carried out.
func (w *world) checkCall(p *process, c *call) {
	w.checkText("a request", c.request.URL.String()+string(c.body))
	if c.request.Method == http.MethodGet {
		return
	}
	g := c.about.group
	what := fmt.Sprintf("%s %s %s for %s", c.request.Method, c.request.URL.Path, c.body, c.about.name.name)
	if w.script != nil {
		w.judgeCall(p, c, what)
	}
	if g != nil && (!w.leftBehind(g, idOf(c)) || isBound(g, idOf(c))) {
		w.checkMayWrite(p, g, c, what)
	}
	switch c.request.Method {
	case http.MethodPost:
		w.checkPost(p, c, g, what)
	case http.MethodPut:
		w.checkPut(p, c, g, what)
	case http.MethodDelete:
		w.checkDelete(g, idOf(c), what)
	}
}

// idOf is the remote id that a call names.
func idOf(c *call) string { return c.request.URL.Path[strings.LastIndex(c.request.URL.Path, "/")+1:] }

// isBound reports whether a Group says that it is bound to an id.
func isBound(g *v1alpha1.Group, id string) bool {
	return id == g.Status.ID || id == g.Annotations[v1alpha1.AnnotationGroupID]
}

// leftBehind: the remote group was made for a Group that had this one's name before,
// and is gone.
func (w *world) leftBehind(g *v1alpha1.Group, id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.namesakes[nameOf(g)], func(l string) bool {
		return l != w.lineages[g.UID] && slices.Contains(w.made[l], id)
	})
}

// checkMayWrite: a Group that is suspended, only observed, or bound by another
// cluster writes nothing; nor does one whose group another Group owns.
func (w *world) checkMayWrite(p *process, g *v1alpha1.Group, c *call, what string) {
	// The reply to a write of its own may show a process more than its cache did
	// when it began.
	now, ok := p.cluster.get(nameOf(g)).(*v1alpha1.Group)
	if !ok || now.UID != g.UID {
		now = g
	}
	switch cluster := g.Annotations[v1alpha1.AnnotationGroupCluster]; {
	case g.Spec.Suspend && now.Spec.Suspend:
		w.violate("not allowed: a suspended Group writes: %s", what)
	case g.Spec.ManagementPolicy == v1alpha1.ManagementObserve && now.Spec.ManagementPolicy == v1alpha1.ManagementObserve:
		w.violate("not allowed: an observing Group writes: %s", what)
	case cluster != "" && cluster != p.cluster.uid:
		w.violate("not allowed: a Group that another cluster bound writes: %s", what)
	}
	id := idOf(c)
	for _, other := range p.cluster.groups() {
		if other.UID == g.UID || other.Status.ID != id {
			continue
		}
		if self, ok := p.cluster.get(nameOf(g)).(*v1alpha1.Group); ok && self.UID == g.UID && self.Status.ID != id {
			w.violate("not ours: the group of %s is written for another: %s", other.Name, what)
		}
	}
}

// checkPost: nothing is created for a Group that is gone or names its group, nor
// over a connection that shows another account.
func (w *world) checkPost(p *process, c *call, g *v1alpha1.Group, what string) {
	switch {
	case g == nil:
		w.violate("not allowed: created for a Group that is not there: %s", what)
	case g.Spec.GroupID != "" || !g.DeletionTimestamp.IsZero():
		w.violate("not allowed: created for a Group that must not create: %s", what)
	}
	if strings.Contains(c.request.Header.Get("Authorization"), foreignToken) && !w.isMixed() {
		for _, other := range p.cluster.groups() {
			if _, exists := w.sim.Group(other.Status.ID); exists && g != nil && other.Spec.ConnectionRef == g.Spec.ConnectionRef {
				w.violate("foreign account: created: %s", what)
				return
			}
		}
	}
}

// checkMade: of all groups made for a lineage, at most one is alive.
func (w *world) checkMade(p *process, c *call, id string) {
	if c.about.group == nil {
		return
	}
	w.mu.Lock()
	lineage := w.lineages[c.about.group.UID]
	w.made[lineage] = append(w.made[lineage], id)
	made := w.made[lineage]
	w.mu.Unlock()
	// Where no Group owned anything, nothing told the accounts apart, and from now
	// on the Groups' own groups are in both.
	w.mu.Lock()
	w.mixed = w.mixed || strings.Contains(c.request.Header.Get("Authorization"), foreignToken)
	mixed := w.mixed
	w.mu.Unlock()
	w.count("created")
	var alive []string
	for _, id := range made {
		if w.alive(id) && !w.ownedByAnother(p.cluster, c.about.group, id) && !w.wentToAnother(id, lineage) {
			alive = append(alive, id)
		}
	}
	if len(alive) > 1 && !mixed && !w.swapped(lineage) {
		w.violate("doubled: %s (%s) has %d live remote groups: %v (process %d)", c.about.name.name, lineage, len(alive), alive, p.number)
	}
}

func (w *world) isMixed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mixed
}

// ownedByAnother: of two open creates of one name and the same values nobody can
// tell which made which group; the one may end up with the other's.
func (w *world) ownedByAnother(c *cluster, g *v1alpha1.Group, id string) bool {
	for _, other := range c.groups() {
		if other.UID != g.UID && slices.Contains([]string{other.Status.ID, other.Annotations[v1alpha1.AnnotationGroupID], other.Spec.GroupID}, id) {
			return true
		}
	}
	return false
}

// wentToAnother: that other one may be gone by now, and have left the group alone.
func (w *world) wentToAnother(id, lineage string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.owners[id], func(owner string) bool { return owner != lineage && !w.observing[owner] })
}

func (w *world) alive(id string) bool {
	g, exists := w.sim.Group(id)
	return exists && !g.Archived()
}

// checkPut: nothing undeclared is written. archived_at is also set at deletion and
// cleared at adoption.
func (w *world) checkPut(p *process, c *call, g *v1alpha1.Group, what string) {
	var body map[string]any
	if err := json.Unmarshal(c.body, &body); err != nil {
		w.violate("undeclared: a PUT without JSON: %s", what)
		return
	}
	if g == nil {
		return // the policy of a Group that is gone; one that has its name now shows another id, or none
	}
	w.mu.Lock()
	declared := w.declared[w.lineages[g.UID]]
	w.mu.Unlock()
	current, exists := p.cluster.get(nameOf(g)).(*v1alpha1.Group)
	deleting := !g.DeletionTimestamp.IsZero() || !exists || current.UID != g.UID || !current.DeletionTimestamp.IsZero()
	id := idOf(c)
	left := w.leftBehind(g, id)
	w.mu.Lock()
	// Or for this one, before it was restored.
	left = (left || slices.Contains(w.made[w.lineages[g.UID]], id)) && !isBound(g, id)
	bound := id == g.Status.ID || slices.Contains(w.owners[id], w.lineages[g.UID])
	w.mu.Unlock()
	for field, value := range body {
		archiving := field == "archived_at" && (value != nil && (deleting && bound || left) || value == nil && (g.Annotations["klink.cloud/unarchive"] != "" || !strings.HasSuffix(c.request.URL.Path, "/"+g.Status.ID)))
		if !declared[field] && !archiving {
			w.violate("undeclared: %s is written: %s", field, what)
		}
	}
}

// checkDelete: permanent deletion needs two consents.
func (w *world) checkDelete(g *v1alpha1.Group, id, what string) {
	left := g != nil && w.leftBehind(g, id) && !isBound(g, id)
	w.mu.Lock()
	allowed := g == nil && slices.Contains(slices.Collect(maps.Values(w.allowDelete)), true) || g != nil && w.allowDelete[w.linkOf(g).connection]
	asks := func(l string) bool { return w.policies[l][v1alpha1.DeletionDelete] }
	asked := g == nil || asks(w.lineages[g.UID]) || left && slices.ContainsFunc(w.namesakes[nameOf(g)], asks)
	w.mu.Unlock()
	if !allowed || !asked {
		w.violate("two consents: deleted without: %s", what)
	}
}

// checkPatch keeps who has ever owned a remote group: the last one decides what
// becomes of it.
func (w *world) checkPatch(p *process, n name, body []byte, err error) {
	w.checkText("a patch", string(body))
	if err != nil || n.kind != "Group" || p.cluster != w.ops {
		return
	}
	if strings.Contains(string(body), `"finalizers":[]`) {
		w.count("released")
	}
	if g, ok := p.cluster.get(n).(*v1alpha1.Group); ok {
		if w.script != nil {
			w.judgeStatus(p, g)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.recorded[g.Status.ID] = true
		if id := g.Annotations[v1alpha1.AnnotationGroupID]; id != "" && !slices.Contains(w.owners[id], w.lineages[g.UID]) {
			w.owners[id] = append(w.owners[id], w.lineages[g.UID])
		}
	}
}

func (w *world) checkText(where, text string) {
	if strings.Contains(text, rightToken) || strings.Contains(text, foreignToken) {
		w.violate("token: it stands in %s: %s", where, text)
	}
}
