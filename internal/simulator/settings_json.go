// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"bytes"
	"encoding/json"
	"time"
)

// duration is a time.Duration written as people write it: "150ms".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// plainSettings has the fields of Settings without its methods, which would recurse.
type plainSettings Settings

type settingsJSON struct {
	*plainSettings
	Latency   *duration `json:"latency"`
	Lag       *duration `json:"lag"`
	Age       *duration `json:"age"`
	ClockSkew *duration `json:"clockSkew"`
}

func (s *Settings) asJSON() settingsJSON {
	return settingsJSON{
		plainSettings: (*plainSettings)(s),
		Latency:       (*duration)(&s.Latency),
		Lag:           (*duration)(&s.Lag),
		Age:           (*duration)(&s.Age),
		ClockSkew:     (*duration)(&s.ClockSkew),
	}
}

// MarshalJSON writes durations as text.
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.asJSON()) }

// UnmarshalJSON changes only the settings that the text names, and refuses names that do not exist.
func (s *Settings) UnmarshalJSON(text []byte) error {
	form := s.asJSON() // points into s
	return decodeStrict(text, &form)
}

func decodeStrict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
