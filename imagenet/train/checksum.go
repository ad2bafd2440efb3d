package train

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strconv"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// checksum tells the weights of a network from others.
type checksum struct{ sum uint32 }

// of returns read, whose numbers now count for the checksum.
func (c *checksum) of(read func(weights.Parameter) ([]float32, error)) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) {
		values, err := read(p)
		bytes := make([]byte, 0, 4*len(values))
		for _, v := range values {
			bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
		}
		c.sum = crc32.Update(c.sum, crc32.MakeTable(crc32.Castagnoli), bytes)
		return values, err
	}
}

// String returns the checksum; 0 if nothing was read.
func (c *checksum) String() string { return strconv.FormatUint(uint64(c.sum), 16) }
