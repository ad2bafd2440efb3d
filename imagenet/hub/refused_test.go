package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/hub"
)

// TestRefused: what cannot be read has a sentence that begins with what it is, and says what to do.
func TestRefused(t *testing.T) {
	for name, want := range map[string]string{
		"before0.pt": "PyTorch: pickle: it is cut off", "before1.pt": "PyTorch: pickle: it is cut off",
		"alone0.pkl": "a pickle by itself", "alone1.pkl": "a pickle by itself", "alone4.pkl": "a pickle by itself",
		"tar.pt":    "a tar file of PyTorch 0.1",
		"script.pt": "PyTorch: TorchScript, a program with weights: torch.save(torch.jit.load(file).state_dict(), new)",
		"cut.pt":    "a zip file, as PyTorch and NumPy write them, that is cut off at 900 bytes",
		"hole.pt":   "a zip file, as PyTorch and NumPy write them, of 2924 bytes, whose end does not fit its beginning",
	} {
		path := filepath.Join("testdata/odd", name)
		if _, err := hub.Open(path); err == nil || !strings.Contains(err.Error(), "hub: "+path+": "+want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
	for data, want := range map[string]string{
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR":      "a PNG image",
		"\x89HDF\r\n\x1a\n\x00\x00":                "an HDF5 file",
		"\xff\xd8\xff\xe0\x00\x10JFIF":             "a JPEG image",
		"GGUF\x03\x00\x00\x00":                     "a GGUF file",
		"\x1f\x8b\x08\x00":                         "a gzip file",
		"\x08\x08\x12\x07pytorch\x1a":              "an ONNX model",
		"\x1c\x00\x00\x00TFL3":                     "a TensorFlow Lite model",
		"{\"a\": 1}":                               "a JSON file",
		"<?xml version=\"1.0\"?>":                  "an XML file",
		"<html>":                                   "an HTML page",
		"version https://git-lfs.github.com/spec/": "a Git LFS pointer, not the file it stands for: git lfs pull",
		"model_checkpoint_path: \"model.ckpt-1\"":  "a list of TensorFlow's checkpoints",
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": "nothing but zero bytes",
		"\x85abc": "of unknown kind",
		zipped(t, 0, "a/config.json", "{}", "model.weights.h5", "x"): "a Keras model",
		zipped(t, 0): "a zip file with nothing in it",
		zipped(t, 0, "data.pkl", "x", "data/0", "x"):                    "a PyTorch file that was unpacked and zipped again",
		zipped(t, 0, "a/b/data.pkl", "x", "a/b/data/0", "x"):            "a PyTorch file that was unpacked and zipped again",
		zipped(t, 0, "a\\data.pkl", "x"):                                "a PyTorch file that was unpacked and zipped again",
		zipped(t, 0, "a/.data/serialization_id", "x", "a/version", "3"): "a PyTorch file without data.pkl: torch.save did not get to its end",
		zipped(t, 0, "a/my_data.pkl", "x"):                              "a zip file with \"a/my_data.pkl\", neither PyTorch nor npz",
	} {
		path := write(t, "x.pt", data)
		if _, err := hub.Open(path); err == nil || !strings.HasPrefix(err.Error(), "hub: "+path+": "+want) {
			t.Errorf("%.20q: error %v, want %s", data, err, want)
		}
	}
}

// TestUnchecked: a file without checksums is read, and a note says that it has none.
func TestUnchecked(t *testing.T) {
	if notes := open(t, "testdata/odd/unchecked.pt").Notes(); len(notes) != 1 || !strings.Contains(notes[0], "without a checksum") {
		t.Errorf("notes %q, want one of missing checksums", notes)
	}
	if notes := open(t, "testdata/single.pt").Notes(); len(notes) != 0 {
		t.Errorf("notes %q of a file with checksums, want none", notes)
	}
}

// TestShards: an index is opened with its shards as one file; what is missing or contradicts itself is named.
func TestShards(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} {
		data, err := os.ReadFile(filepath.Join("testdata/odd/sharded", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "model.safetensors.index.json")
	f := open(t, path)
	sum, err := f.SHA256(nil)
	if err != nil || len(sum) != 64 || f.Size() < 500 {
		t.Errorf("%d bytes, checksum %q, error %v, want 500 or more, 64 digits and none", f.Size(), sum, err)
	}
	if _, err := hub.Open(folder); err == nil || !strings.Contains(err.Error(), "give its index, "+path) {
		t.Errorf("the folder: error %v, want one that names the index", err)
	}
	index := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		`{"weight_map": {"a": "model-00001-of-00002.safetensors", "d": "gone.safetensors"}}`: "1 of 2 shards missing beside it: gone.safetensors",
		`{"weight_map": {"d": "model-00001-of-00002.safetensors"}}`:                          `tensor "d" is not in shard model-00001-of-00002.safetensors`,
		`{"weight_map": {"c": "model-00001-of-00002.safetensors"}}`:                          `tensor "c" is not in shard model-00001-of-00002.safetensors`,
		`{"weight_map": {"a": "../a.safetensors"}}`:                                          `shard "../a.safetensors": want the name of a file beside`,
		`{"weight_map": {"a": "model.safetensors.index.json"}}`:                              "shard model.safetensors.index.json: the index of sharded weights",
		`{"weight_map": {}}`:      "names no tensor",
		`{"weight_map": {"a":`:    "the index of sharded weights: unexpected EOF: download it again",
		`{"weight_map": {"a":1}}`: "the index of sharded weights",
	} {
		index(text)
		if _, err := hub.Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

// TestFolder: a folder of weights says which file to give, or what wrote it.
func TestFolder(t *testing.T) {
	for file, want := range map[string]string{
		"a.safetensors": "give the file, ", "unet/a.safetensors": "give the file, ", "_CHECKPOINT_METADATA": "an Orbax checkpoint",
		"0/manifest.ocdbt": "an Orbax checkpoint", ".metadata": "a distributed checkpoint of PyTorch", "saved_model.pb": "a SavedModel of TensorFlow",
		"model.ckpt-1.data-00000-of-00001": "a checkpoint of TensorFlow", "zero_to_fp32.py": "DeepSpeed", "archive/data.pkl": "an unpacked PyTorch file",
		"train_moments.npy": "", "a.png": "",
	} {
		folder := filepath.Join(t.TempDir(), "a[b]*c")
		path := filepath.Join(folder, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Skip(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		got, ok := hub.Folder(folder)
		if ok != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}
