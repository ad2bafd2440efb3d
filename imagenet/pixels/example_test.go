package pixels_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/pixels"
)

// A folder of two classes, with an image of 2 × 2 pixels each, white only at its top left.
func Example() {
	folder := must.M1(os.MkdirTemp("", "pixels"))
	defer os.RemoveAll(folder)
	for _, class := range []string{"cat", "dog"} {
		picture := image.NewGray(image.Rect(0, 0, 2, 2))
		picture.SetGray(0, 0, color.Gray{255})
		var file bytes.Buffer
		must.M(png.Encode(&file, picture))
		must.M(os.Mkdir(filepath.Join(folder, class), 0o777))
		must.M(os.WriteFile(filepath.Join(folder, class, "1.png"), file.Bytes(), 0o666))
	}

	set := must.M1(pixels.ReadFolder(folder, 1))
	set.Mirror = true // a cat in a mirror is a cat; a digit would be none
	fmt.Printf("%d images [%d, %d, %d] of %v\n", set.Len(), set.Side(), set.Side(), set.Channels(), set.Classes())

	numbers := make([]float32, 2*2*1)
	for _, u := range []float64{0.2, 0.7} { // below ½ the image, from ½ on its mirror image
		must.M(set.Read(1, u, numbers))
		fmt.Println(set.Classes()[set.Label(1)], numbers)
	}
	// Output:
	// 2 images [2, 2, 1] of [cat dog]
	// dog [1 -1 -1 -1]
	// dog [-1 1 -1 -1]
}
