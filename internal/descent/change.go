package descent

import "encoding/json"

// Change is a setting that was changed when a training went on. Checkpoints record it.
type Change struct {
	Step    int             `json:"step"` // after which it holds
	Setting string          `json:"setting"`
	From    json.RawMessage `json:"from"`
	To      json.RawMessage `json:"to"`
}
