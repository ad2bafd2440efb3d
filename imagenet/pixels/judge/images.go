package judge

import (
	"fmt"
	"slices"

	"github.com/wflowlab/wflowlab/imagenet/pixels"
	"github.com/wflowlab/wflowlab/internal/finite"
)

// Images are digits [n, Side, Side], row by row, from −1 (paper) to 1 (ink), and their n labels, from 0 to 9. Of generated
// images, a label says which digit the generator was asked for.
type Images struct {
	Numbers []float32
	Labels  []int
}

// Of returns the images of a set. It panics if they are not of [Side] × [Side] pixels with one channel.
func Of(set *pixels.Set) Images {
	if set.Side() != Side || set.Channels() != 1 {
		panic(fmt.Sprintf("judge: images [%d, %d, %d], want [%d, %d, 1]", set.Side(), set.Side(), set.Channels(), Side, Side))
	}
	m := Images{make([]float32, set.Len()*numbers), make([]int, set.Len())}
	for i := range m.Labels {
		m.Labels[i] = set.Label(i)
		set.Read(i, 0, m.image(i)) // its error is always nil
	}
	return m
}

func (m Images) image(i int) []float32 { return m.Numbers[i*numbers : (i+1)*numbers] }

// Balanced returns the first each images of each class, class by class. It is an error if a class has fewer.
func (m Images) Balanced(each int) (Images, error) {
	var labels []int
	for class := range Classes {
		for range each {
			labels = append(labels, class)
		}
	}
	rows, err := m.like(labels)
	return m.rows(rows), err
}

// like returns the rows of different images with some labels, in their order: of each class the first.
func (m Images) like(labels []int) ([]int, error) {
	of := m.byClass()
	var next [Classes]int
	rows := make([]int, len(labels))
	for i, class := range labels {
		if next[class] == len(of[class]) {
			return nil, fmt.Errorf("judge: more than %d images of class %d, want at most as many as there are to compare with", next[class], class)
		}
		rows[i] = of[class][next[class]]
		next[class]++
	}
	return rows, nil
}

// rows returns some of the images.
func (m Images) rows(rows []int) (some Images) {
	for _, i := range rows {
		some.Numbers = append(some.Numbers, m.image(i)...)
		some.Labels = append(some.Labels, m.Labels[i])
	}
	return some
}

// Shrunk returns the images, with their distance to the mean of their class multiplied by q: 0 makes all of a class the same.
func (m Images) Shrunk(q float64) Images {
	s := Images{slices.Clone(m.Numbers), m.Labels}
	for _, rows := range m.byClass() {
		for k := range numbers {
			var mean float64
			for _, i := range rows {
				mean += float64(m.Numbers[i*numbers+k]) / float64(len(rows))
			}
			for _, i := range rows {
				s.Numbers[i*numbers+k] = float32(mean + q*(float64(m.Numbers[i*numbers+k])-mean))
			}
		}
	}
	return s
}

// byClass returns the rows of the images of each class.
func (m Images) byClass() (of [Classes][]int) {
	for i, class := range m.Labels {
		of[class] = append(of[class], i)
	}
	return of
}

// check returns an error that names what is wrong with the images.
func (m Images) check() error {
	if len(m.Labels) == 0 || len(m.Numbers) != len(m.Labels)*numbers {
		return fmt.Errorf("judge: %d numbers of %d images, want %d of each, and at least one image", len(m.Numbers), len(m.Labels), numbers)
	}
	for i, class := range m.Labels {
		if class < 0 || class >= Classes {
			return fmt.Errorf("judge: image %d has label %d, want 0 to %d", i, class, Classes-1)
		}
		if err := finite.Check(m.image(i)); err != nil {
			return fmt.Errorf("judge: image %d: %w", i, err)
		}
	}
	return nil
}
