// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// declared is a Group that somebody has written, as far as it was ever accepted.
type declared struct {
	name string
	// key is the first word of its description, which tells at the API what was
	// made for it. Only identical Groups share one: nobody could tell theirs apart.
	key        string
	remoteName string
	policy     v1alpha1.DeletionPolicy
	lasting    bool // never deleted
	deleted    bool // its deletion was accepted
}

// people write Groups, change their minds and delete them: through the API server alone.
type people struct {
	stage  *stage
	chance *rand.Rand
	run    string        // in all names, so that no two runs share one
	wanted chan struct{} // gets something when it is time for new Groups
	all    []*declared
	gone   int
}

func newPeople(s *stage) *people {
	p := &people{stage: s, chance: rand.New(rand.NewPCG(s.seed, 1)), wanted: make(chan struct{}, 1)} //nolint:gosec // it is to be repeatable
	p.run = fmt.Sprintf("%08x", uint32(s.seed))                                                      //nolint:gosec // the lower half does
	return p
}

// work is what people do until the chaos is over. What fails because the API server is down
// is tried until it succeeds.
func (p *people) work(ctx context.Context, over <-chan struct{}) {
	for pause(ctx, 50*time.Millisecond) == nil {
		select {
		case <-over:
			return
		case <-p.wanted:
			for range min(max(1, p.due()-len(p.all)), p.stage.groups-len(p.all)) {
				p.create(ctx)
			}
		default:
		}
		if len(p.all) == 0 {
			continue
		}
		d := p.all[p.chance.IntN(len(p.all))]
		switch n := p.chance.IntN(100); {
		case d.deleted:
		case n < 10:
			p.change(ctx, d)
		case n < 13 && !d.lasting && 3*p.gone < len(p.all):
			p.remove(ctx, d)
		}
	}
}

// due is how many Groups there should be by now.
func (p *people) due() int {
	return p.stage.groups * int(p.stage.killed.Load()+1) / p.stage.kills
}

// requestGroups asks for new Groups. It does not wait for them.
func (p *people) requestGroups() {
	select {
	case p.wanted <- struct{}{}:
	default:
	}
}

// finish writes the Groups that are still missing.
func (p *people) finish(ctx context.Context) {
	for ctx.Err() == nil && len(p.all) < p.stage.groups {
		p.create(ctx)
	}
}

// next is the next Group to be written: most are alone in all they are, some
// share a remote name, some are the same in everything.
func (p *people) next() *declared {
	n := len(p.all)
	d := &declared{name: fmt.Sprintf("group-%04d", n), lasting: n%20 >= 16}
	d.key, d.remoteName = d.name, fmt.Sprintf("Group %04d of %s", n, p.run)
	switch n % 20 {
	case 17:
		d.remoteName = p.all[n-1].remoteName
	case 19:
		d.key, d.remoteName = p.all[n-1].key, p.all[n-1].remoteName
	}
	switch p.chance.IntN(8) {
	case 0:
		d.policy = v1alpha1.DeletionDelete
	case 1:
		d.policy = v1alpha1.DeletionOrphan
	default:
		d.policy = v1alpha1.DeletionArchive
	}
	return d
}

func (p *people) create(ctx context.Context) {
	d := p.next()
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: groupNamespace, Name: d.name}}
	g.Spec.Name, g.Spec.DeletionPolicy = d.remoteName, d.policy
	g.Spec.Description = new(d.key + " as written first")
	g.Spec.Contacts = []v1alpha1.Contact{{Username: "Hector"}}
	p.retry(ctx, func() error { return p.stage.api.Create(ctx, g.DeepCopy()) })
	if ctx.Err() == nil {
		p.all = append(p.all, d)
	}
}

func (p *people) change(ctx context.Context, d *declared) {
	text := fmt.Sprintf(`{"spec":{"description":"%s as changed %d times"}}`, d.key, p.chance.IntN(1000))
	patch := client.RawPatch(types.MergePatchType, []byte(text))
	p.retry(ctx, func() error { return p.stage.api.Patch(ctx, p.object(d), patch) })
}

func (p *people) remove(ctx context.Context, d *declared) {
	d.deleted = true
	p.gone++
	p.retry(ctx, func() error { return p.stage.api.Delete(ctx, p.object(d)) })
}

func (p *people) object(d *declared) *v1alpha1.Group {
	return &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: groupNamespace, Name: d.name}}
}

// retry tries until the API server agrees. That it exists, or is gone, means
// that an earlier try succeeded and its reply was lost.
func (p *people) retry(ctx context.Context, try func() error) {
	for {
		err := try()
		if err == nil || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) {
			return
		}
		if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
			p.stage.failed(fmt.Errorf("a Group was refused: %w", err))
			return
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return
		}
	}
}
