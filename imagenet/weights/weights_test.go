package weights

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

var small = Table{{"model.head.weight", []int{2, 3}}, {"model.conv.weight", []int{2, 3, 1, 2}}, {"model.scale", []int{}}}

// counted returns 0, 1, 2, … for every parameter.
func counted(p Parameter) ([]float32, error) {
	v := make([]float32, p.Size())
	for i := range v {
		v[i] = float32(i)
	}
	return v, nil
}

func TestTable(t *testing.T) {
	if n := small.Size(); n != 6+12+1 {
		t.Errorf("%d numbers, want %d", n, 6+12+1)
	}
	// printf 'model.conv.weight 2x3x1x2\nmodel.head.weight 2x3\nmodel.scale \n' | sha256sum
	if got, want := small.SHA256(), "c1deb8c87c42d48492032b09363195b681e4b2eb5568ba785dbea98d0e1f0376"; got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
	if under := small.Under("model.h"); len(under) != 1 || under[0].Name != "model.head.weight" {
		t.Errorf("under model.h: %v, want model.head.weight", under)
	}
}

// In a scope a kernel [out, in, height, width] is [height, width, in, out], and everything else has its official layout.
func TestLoad(t *testing.T) {
	scope := model.NewStore().Scope("/net")
	if err := Load(scope, small, counted); err != nil {
		t.Fatal(err)
	}
	kernel := scope.GetVariable("model.conv.weight").MustValue()
	if dims := kernel.Shape().Dimensions; !slices.Equal(dims, []int{1, 2, 3, 2}) {
		t.Fatalf("kernel %v, want [1 2 3 2]", dims)
	}
	flat := tensors.MustCopyFlatData[float32](kernel)
	for out := range 2 {
		for in := range 3 {
			for x := range 2 {
				if got, want := flat[(x*3+in)*2+out], float32((out*3+in)*2+x); got != want {
					t.Errorf("kernel[0, %d, %d, %d] = %v, want %v", x, in, out, got, want)
				}
			}
		}
	}
	for _, p := range small {
		got, err := Values[float32](scope, p)
		want, _ := counted(p)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", p.Name, got, err, want)
		}
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	for want, read := range map[string]func(Parameter) ([]float32, error){
		`"model.head.weight": 5 numbers, want 6 for shape [2 3]`: func(Parameter) ([]float32, error) { return make([]float32, 5), nil },
		`"model.head.weight": torn`:                              func(Parameter) ([]float32, error) { return nil, errors.New("torn") },
	} {
		if err := Load(model.NewStore().Scope("/net"), small, read); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := Values[float32](model.NewStore().Scope("/net"), small[0]); err == nil {
		t.Error("an empty scope: no error")
	}
}

func TestAll(t *testing.T) {
	scope := model.NewStore().Scope("/net")
	if err := Load(scope, small, counted); err != nil {
		t.Fatal(err)
	}
	all, err := All[float32](scope, small)
	want, _ := counted(small[1])
	if err != nil || len(all) != 3 || !slices.Equal(all["model.conv.weight"], want) {
		t.Errorf("%v, %v, want three, the kernel %v", all, err, want)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		scope := model.NewStore().Scope("/net")
		spoilt := func(p Parameter) ([]float32, error) {
			v, _ := counted(p)
			v[len(v)-1] = bad
			return v, nil
		}
		if err := Load(scope, small[:1], spoilt); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`"model.head.weight": number 5 is %v`, bad)
		if _, err := All[float32](scope, small[:1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
