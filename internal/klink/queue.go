// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"container/list"
	"time"
)

const (
	// createShare: of the calls that people wait for, at least one in so many is a creation while any waits.
	createShare = 4
	// listShare: at least one call in so many is the listing's while it waits.
	listShare = 10
)

// ticket is a caller that waits for a rate slot, or has been called to collect one.
type ticket struct {
	Caller
	called time.Time // when its turn came; zero while it waits
	place  *list.Element
}

// line is the tickets of one namespace in one class, in their order.
type line struct {
	namespace string
	tickets   list.List // of *ticket
	place     *list.Element
}

// ring is the tickets of one class: the namespaces take turns.
type ring struct {
	lines list.List // of *line, the namespace whose turn is next first
	of    map[string]*line
}

// queue holds the tickets that wait, and decides whose turn is next.
type queue struct {
	rings  [classes]ring
	length int
	// calls since the last listing, and people's calls since the last creation.
	sinceListing, sinceCreation int
}

// join puts a ticket at the end of its namespace's line.
func (q *queue) join(t *ticket) {
	r := &q.rings[t.Class]
	l := r.of[t.Namespace]
	if l == nil {
		l = &line{namespace: t.Namespace}
		if r.of == nil {
			r.of = map[string]*line{}
		}
		r.of[t.Namespace] = l
		l.place = r.lines.PushBack(l)
	}
	t.called, t.place = time.Time{}, l.tickets.PushBack(t)
	q.length++
}

// rejoin puts a ticket that was called in vain where it was: first.
func (q *queue) rejoin(t *ticket) {
	q.join(t)
	r := &q.rings[t.Class]
	l := r.of[t.Namespace]
	l.tickets.MoveToFront(t.place)
	r.lines.MoveToFront(l.place)
}

// leave takes a waiting ticket out.
func (q *queue) leave(t *ticket) {
	r := &q.rings[t.Class]
	l := r.of[t.Namespace]
	l.tickets.Remove(t.place)
	q.length--
	if l.tickets.Len() == 0 {
		r.lines.Remove(l.place)
		delete(r.of, l.namespace)
	}
}

// length is how many tickets wait in the class.
func (r *ring) length() (n int) {
	for _, l := range r.of {
		n += l.tickets.Len()
	}
	return n
}

func (q *queue) waits(class Class) bool { return q.rings[class].lines.Len() > 0 }

// next takes out the ticket whose turn is next, or returns nil. Without watch no ticket of ClassWatch is taken.
func (q *queue) next(watch bool) *ticket {
	class := q.turn(watch)
	if class == classes {
		return nil
	}
	r := &q.rings[class]
	l := r.lines.Front().Value.(*line)
	t := l.tickets.Front().Value.(*ticket)
	r.lines.MoveToBack(l.place)
	q.leave(t)
	q.count(class)
	return t
}

// turn is the class that is next: what has fallen behind its share, else the best that waits.
func (q *queue) turn(watch bool) Class {
	listing := Class(classes)
	if q.waits(ClassWatchUrgent) {
		listing = ClassWatchUrgent
	} else if watch && q.waits(ClassWatch) {
		listing = ClassWatch
	}
	switch {
	case listing != classes && q.sinceListing >= listShare-1:
		return listing
	case q.waits(ClassCreate) && q.sinceCreation >= createShare-1:
		return ClassCreate
	}
	for class := range ClassWatchUrgent {
		if q.waits(class) {
			return class
		}
	}
	return listing
}

// count notes whose turn it was.
func (q *queue) count(class Class) {
	switch class {
	case ClassWatchUrgent, ClassWatch:
		q.sinceListing = 0
		return
	case ClassCreate:
		q.sinceCreation = 0
	case ClassChange:
		q.sinceCreation++
	}
	q.sinceListing++
}
