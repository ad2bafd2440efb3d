package preset

import (
	"fmt"
	"strconv"
)

// Features says which features of the encoder particles and data are compared in. Package mae makes them of the encoder's
// maps. The zero value asks for the positions of the maps alone.
type Features struct {
	MeanPatches []int  `yaml:"patch_mean_size" in:"[1,4096]"` // means over squares of these sides; a map whose side is no multiple of one has none of it
	StdPatches  []int  `yaml:"patch_std_size" in:"[1,4096]"`  // standard deviations over squares of these sides
	Std         bool   `yaml:"use_std"`                       // the standard deviation over all positions of a map
	Mean        bool   `yaml:"use_mean"`                      // the mean over all positions of a map
	EveryBlock  Stride `yaml:"every_k_block"`                 // 2 makes maps of every second block of a stage, too
}

// ReleasedFeatures returns what every released configuration asks for: means and standard deviations over whole maps and
// over squares of sides 2 and 4, and maps of every second block. They are also the defaults of the function of the official
// code that computes features.
func ReleasedFeatures() Features {
	return Features{Mean: true, Std: true, MeanPatches: []int{2, 4}, StdPatches: []int{2, 4}, EveryBlock: 2}
}

// text returns the features in words.
func (f Features) text() string {
	return "stage outputs" +
		when(f.EveryBlock > 0, fmt.Sprint("every block ", int(f.EveryBlock))) +
		when(f.Mean, "means") +
		when(f.Std, "deviations") +
		when(len(f.MeanPatches) > 0, "means of squares of "+list(f.MeanPatches)) +
		when(len(f.StdPatches) > 0, "deviations of squares of "+list(f.StdPatches))
}

// Stride counts blocks. 0 stands for .inf, with which no block is taken.
type Stride int

// MarshalText writes a positive number or .inf.
func (s Stride) MarshalText() ([]byte, error) {
	if s == 0 {
		return []byte(".inf"), nil
	}
	return []byte(strconv.Itoa(int(s))), nil
}

// UnmarshalText reads a positive number or .inf.
func (s *Stride) UnmarshalText(text []byte) error {
	switch string(text) {
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		*s = 0
		return nil
	}
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n < 1 || text[0] == '0' {
		return fmt.Errorf("%s, want a positive integer or .inf", quote(string(text)))
	}
	*s = Stride(n)
	return nil
}
