// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import "github.com/klink-cloud/klink-operator/internal/simulator"

// managers start processes, and know which are alive. Their fields, but for ops and
// running, are what a process is given.
type managers struct {
	journal *journal
	chance  *chance
	sim     *simulator.Server
	ops     *cluster
	judge   *judge
	breaks  breaks
	script  *script  // of a story; else nil
	witness *witness // of a story; else nil

	running []*process // all that were ever started
}

// start starts a manager on a cluster.
func (m *managers) start(c *cluster) {
	p := newProcess(len(m.running)+1, c)
	p.journal, p.chance, p.sim, p.judge, p.breaks, p.script, p.witness = m.journal, m.chance, m.sim, m.judge, m.breaks, m.script, m.witness
	m.running = append(m.running, p)
	p.start()
}

// leaders are the living managers of the main cluster.
func (m *managers) leaders() []*process {
	var alive []*process
	for _, p := range m.running {
		if p.cluster == m.ops && !p.isDead() {
			alive = append(alive, p)
		}
	}
	return alive
}

// leaveOne leaves exactly one manager running on the main cluster.
func (m *managers) leaveOne() {
	alive := m.leaders()
	for _, p := range alive {
		p.crashAfter(-1)
	}
	for _, p := range alive[:max(0, len(alive)-1)] {
		p.kill("as it is not the leader")
	}
	if len(alive) == 0 {
		m.start(m.ops)
	}
}

// kill ends all of them.
func (m *managers) kill() {
	for _, p := range m.running {
		p.kill("at the end")
	}
}

// wait waits until all that they had begun is over.
func (m *managers) wait() {
	for _, p := range m.running {
		p.done.Wait()
	}
}
