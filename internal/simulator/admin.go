// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// AdminPrefix is the path of the admin endpoint.
const AdminPrefix = "/_simulator"

// Admin returns the admin endpoint, under AdminPrefix: settings, faults, groups and requests in JSON. It asks for no
// token: anyone who reaches it may do everything, so it belongs on the loopback address.
func (s *Server) Admin() http.Handler {
	a, mux := admin{s}, http.NewServeMux()
	for pattern, endpoint := range map[string]func(*http.Request) (int, any, error){
		"GET /settings":       a.settings,
		"PUT /settings":       a.setSettings,
		"GET /faults":         a.faults,
		"POST /faults":        a.addFault,
		"DELETE /faults":      a.clearFaults,
		"DELETE /faults/{id}": a.removeFault,
		"GET /groups":         a.groups,
		"POST /groups":        a.seed,
		"PATCH /groups/{id}":  a.mutate,
		"DELETE /groups/{id}": a.remove,
		"GET /requests":       a.requests,
		"DELETE /requests":    a.resetRequests,
		"GET /counts":         a.counts,
		"PUT /token":          a.setToken,
		"POST /reset":         a.reset,
	} {
		mux.Handle(pattern, adminEndpoint(endpoint))
	}
	return http.StripPrefix(AdminPrefix, mux)
}

// admin answers the admin endpoint for a server.
type admin struct{ server *Server }

var errNotFound = errors.New("not found")

type adminEndpoint func(*http.Request) (int, any, error)

// ServeHTTP writes what the endpoint returns: a status, and a body unless that is nil.
func (endpoint adminEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	status, body, err := endpoint(r)
	switch {
	case errors.Is(err, errNotFound):
		status, body = http.StatusNotFound, errorBody{Status: "error", Message: err.Error()}
	case err != nil:
		status, body = http.StatusBadRequest, errorBody{Status: "error", Message: err.Error()}
	}
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body) // the client may have left
}

func readJSON(r *http.Request, into any) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return decodeStrict(text, into)
}

func (a admin) settings(*http.Request) (int, any, error) {
	return http.StatusOK, a.server.Settings(), nil
}

// setSettings changes the settings that the body names.
func (a admin) setSettings(r *http.Request) (int, any, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("body: %w", err)
	}
	if err := a.server.tryConfigure(func(settings *Settings) error { return decodeStrict(text, settings) }); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, a.server.Settings(), nil
}

// adminFault is a rule in force.
type adminFault struct {
	ID    string `json:"id"`
	Hits  int    `json:"hits"`
	Fault Fault  `json:"fault"`
}

func (a admin) faults(*http.Request) (int, any, error) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	faults := []adminFault{}
	for _, h := range a.server.state.faults {
		faults = append(faults, adminFault{h.id, h.hits, h.fault})
	}
	return http.StatusOK, faults, nil
}

func (a admin) addFault(r *http.Request) (int, any, error) {
	var f Fault
	if err := readJSON(r, &f); err != nil {
		return 0, nil, err
	}
	h, err := a.server.tryAddFault(f)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, adminFault{h.id, 0, h.fault}, nil
}

func (a admin) clearFaults(*http.Request) (int, any, error) {
	a.server.ClearFaults()
	return http.StatusNoContent, nil, nil
}

func (a admin) removeFault(r *http.Request) (int, any, error) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	if a.server.state.endFaults(func(h *FaultHandle) bool { return h.id == r.PathValue("id") }) == 0 {
		return 0, nil, errNotFound
	}
	return http.StatusNoContent, nil, nil
}

func (a admin) requests(*http.Request) (int, any, error) {
	return http.StatusOK, a.server.Requests(), nil
}

func (a admin) resetRequests(*http.Request) (int, any, error) {
	a.server.ResetRequests()
	return http.StatusNoContent, nil, nil
}

func (a admin) counts(*http.Request) (int, any, error) {
	return http.StatusOK, a.server.Counts(), nil
}

// setToken gives the default tenant another token; an empty one locks it out.
func (a admin) setToken(r *http.Request) (int, any, error) {
	var body struct {
		Token string `json:"token"`
	}
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	a.server.SetToken(body.Token)
	return http.StatusNoContent, nil, nil
}

func (a admin) reset(*http.Request) (int, any, error) {
	a.server.Reset()
	return http.StatusNoContent, nil, nil
}
