package digits_test

import (
	"fmt"

	"github.com/wflowlab/wflowlab/toy/digits"
)

func Example() {
	train, read, judge := digits.Split(2)
	reader := digits.NewReader(read)
	fmt.Printf("of %d digits %.1f %% are read, of %d %.1f %%\n",
		len(train.Labels), 100*reader.Accuracy(train), len(judge.Labels), 100*reader.Accuracy(judge))

	image := train.Class(0).RawRowView(0)
	for row := range digits.Side {
		fmt.Print("|")
		for _, ink := range image[row*digits.Side:][:digits.Side] {
			fmt.Printf("%c", " .:+*#"[int(ink*5.99)])
		}
		fmt.Println("|")
	}
	// Output:
	// of 797 digits 97.7 % are read, of 400 98.8 %
	// |  .#*   |
	// |  ****  |
	// | .*  #: |
	// | :*  *: |
	// | :*  :: |
	// | :*  *: |
	// | .#:+#  |
	// |  :**   |
}
