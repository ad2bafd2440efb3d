//go:build unix

package viz

import (
	"bytes"
	"encoding/gob"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

var figure = Panel{Layers: Layers{Cloud{Points: circle(9, 1, 1)}}}

func TestSaveIsAllOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figure.png")
	if err := Save(path, figure); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(first)); err != nil || c.Width > fullWidth*density {
		t.Errorf("%d wide, error %v, want at most %d", c.Width, err, fullWidth*density)
	}
	if err := Save(path, Panel{}); err == nil || !strings.HasPrefix(err.Error(), "viz: ") {
		t.Errorf("an empty panel: error %v, want one that begins with viz:", err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, first) {
		t.Error("a figure that failed spoilt the file")
	}
	if err := Save(filepath.Join(t.TempDir(), "figure.svg"), figure); err == nil || !strings.Contains(err.Error(), "a viz.Panel is saved as .png") {
		t.Errorf("figure.svg: error %v, want that a panel is saved as .png", err)
	}
	if err := Save(filepath.Join(t.TempDir(), "FIGURE.PNG"), figure); err != nil {
		t.Error(err)
	}
	for _, f := range []Figure{nil, (*Panel)(nil)} {
		if err := Save(path, f); err == nil || err.Error() != "viz: no figure: nil" {
			t.Errorf("%T: error %v, want viz: no figure: nil", f, err)
		}
	}
	if err := Save(filepath.Join(t.TempDir(), "none", "figure.png"), figure); err == nil {
		t.Error("saved into a folder that is not there, want an error")
	}
}

// The kernel's side of the pipes stands in for a notebook.
func TestShowSpeaksToTheNotebook(t *testing.T) {
	if err := Show(figure); err == nil || !strings.Contains(err.Error(), "no notebook") {
		t.Errorf("outside a notebook: error %v, want that there is no notebook", err)
	}
	dir := t.TempDir()
	there, back := filepath.Join(dir, "there"), filepath.Join(dir, "back")
	for _, path := range []string{there, back} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(protocol.GONB_PIPE_ENV, there)
	t.Setenv(protocol.GONB_PIPE_BACK_ENV, back)
	gonbui.IsNotebook = true
	defer func() { gonbui.IsNotebook = false }()

	messages := make(chan *protocol.DisplayData)
	go func() {
		in, _ := os.Open(there)
		out, _ := os.OpenFile(back, os.O_WRONLY, 0)
		decoder, encoder := gob.NewDecoder(in), gob.NewEncoder(out)
		for range 10 { // five pictures, each followed by a request to say that it has arrived
			m := &protocol.DisplayData{}
			if err := decoder.Decode(m); err != nil {
				t.Error(err)
			}
			sync, ok := m.Data[protocol.MIMECommValue].(protocol.CommValue)
			if !ok {
				messages <- m
			} else if err := encoder.Encode(&protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: sync.Value}); err != nil {
				t.Error(err)
			}
		}
	}()
	sent := func(show func(Figure) error, f Figure) *protocol.DisplayData {
		failed := make(chan error, 1)
		go func() { failed <- show(f) }()
		m := <-messages
		if err := <-failed; err != nil {
			t.Error(err)
		}
		return m
	}

	still := sent(Show, figure)
	size := still.Metadata[string(protocol.MIMEImagePNG)].(map[string]int)
	c, err := png.DecodeConfig(bytes.NewReader(still.Data[protocol.MIMEImagePNG].([]byte)))
	if err != nil || c.Width != density*size["width"] || c.Height != density*size["height"] {
		t.Errorf("%d by %d pixels shown as %v, error %v, want two pixels for one", c.Width, c.Height, size, err)
	}
	moving := sent(Show, turning(5, 3))
	if html, _ := moving.Data[protocol.MIMETextHTML].(string); !strings.HasPrefix(html, "<img ") || !strings.Contains(html, "data:image/gif;base64,R0lGOD") {
		t.Errorf("animation as %.60q, want an <img> of a GIF", html)
	}
	if _, err := png.DecodeConfig(bytes.NewReader(moving.Data[protocol.MIMEImagePNG].([]byte))); err != nil {
		t.Errorf("no still of the animation: %v", err)
	}
	var one, other Live
	first, second, elsewhere := sent(one.Show, figure).DisplayID, sent(one.Show, figure).DisplayID, sent(other.Show, figure).DisplayID
	if first == "" || second != first || elsewhere == first || still.DisplayID != "" {
		t.Errorf("live figures in %q, %q and, of another, %q; a still in %q: want the first two in one place, and no other there",
			first, second, elsewhere, still.DisplayID)
	}
	if err := Show(Panel{}); err == nil {
		t.Error("an empty panel is shown, want an error")
	}
}
