package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/stat"

	"github.com/wflowlab/wflowlab/imagenet/fid"
	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
)

// Judge compares images with real digits. Finalize it when done.
type Judge struct {
	reader   *Reader
	training Images
	trained  fid.Features[float32] // of the training digits
	learnt   fid.Statistics        // of them

	real       fid.Statistics // of the digits to judge by
	diversity  [Classes]float64
	neighbours *Neighbours
	nearest    float64
}

// New returns a judge. It reads all digits once, which takes a second or a few.
func New(backend compute.Backend) (j *Judge, err error) {
	j = &Judge{training: Of(digits.Train())}
	if j.reader, err = NewReader(backend, Fitted()); err != nil {
		return nil, err
	}
	if j.neighbours, err = NewNeighbours(backend, j.training); err != nil {
		j.reader.Finalize()
		return nil, err
	}
	if err := j.measure(Of(digits.Judge())); err != nil {
		j.Finalize()
		return nil, err
	}
	return j, nil
}

// Finalize frees what graphs hold.
func (j *Judge) Finalize() {
	j.reader.Finalize()
	j.neighbours.Finalize()
}

// measure measures the digits to judge by, and the training's.
func (j *Judge) measure(real Images) error {
	_, features, err := j.reader.Read(real)
	if err != nil {
		return err
	}
	if j.real, err = fid.StatisticsOf(features); err != nil {
		return err
	}
	j.diversity = Diversity(real)
	if _, j.trained, err = j.reader.Read(j.training); err != nil {
		return err
	}
	if j.learnt, err = fid.StatisticsOf(j.trained); err != nil {
		return err
	}
	j.nearest, err = j.neighbours.Distance(real)
	return err
}

// Verdict is what a judge says of images.
type Verdict struct {
	Images    int
	Read      float64          // share read as their labels
	ReadOf    [Classes]float64 // the same of each class
	Frechet   float64          // distance of the reader's features to those of the digits to judge by
	Floor     float64          // the same distance of as many training digits with the same labels: what real digits get
	Diversity float64          // mean of DiversityOf
	Least     float64          // smallest of DiversityOf

	DiversityOf [Classes]float64 // Diversity of each class, relative to that of the digits to judge by
	Nearest     float64          // mean distance to the nearest training digit, relative to that of the digits to judge by
}

// String returns the verdict as a line.
func (v Verdict) String() string {
	return fmt.Sprintf("read %.1f %%, Fréchet distance %.1f × the floor, diversity %.2f (smallest class %.2f), nearest %.2f",
		100*v.Read, v.Frechet/v.Floor, v.Diversity, v.Least, v.Nearest)
}

// Judge judges images. It wants two or more of each class, and not more of a class than the training has, which is 518 or more.
func (j *Judge) Judge(m Images) (Verdict, error) {
	v := Verdict{Images: len(m.Labels), Least: math.Inf(1)}
	read, features, err := j.reader.Read(m)
	if err != nil {
		return v, err
	}
	for class, rows := range m.byClass() {
		if len(rows) < 2 {
			return v, fmt.Errorf("judge: %d images of class %d, want two or more of each class", len(rows), class)
		}
	}
	v.Read, v.ReadOf = Share(read, m.Labels)
	if v.Frechet, err = frechet(j.real, features); err != nil {
		return v, err
	}
	if v.Floor, err = j.floor(m.Labels); err != nil {
		return v, err
	}
	for class, d := range Diversity(m) {
		v.DiversityOf[class] = d / j.diversity[class]
		v.Least = min(v.Least, v.DiversityOf[class])
	}
	v.Diversity = stat.Mean(v.DiversityOf[:], nil)
	away, err := j.neighbours.Distance(m)
	v.Nearest = away / j.nearest
	return v, err
}

// floor returns the Fréchet distance of training digits with some labels to the digits to judge by.
func (j *Judge) floor(labels []int) (float64, error) {
	rows, err := j.training.like(labels)
	if err != nil {
		return 0, err
	}
	some := fid.Features[float32]{Columns: Features}
	for _, row := range rows {
		some.Values = append(some.Values, j.trained.Row(row)...)
	}
	return frechet(j.real, some)
}

// frechet returns the Fréchet distance of the features of some images to a law. All images may be the same; the law has to be
// regular.
func frechet(law fid.Statistics, features fid.Features[float32]) (float64, error) {
	s, err := fid.StatisticsOf(features)
	if err != nil {
		return 0, err
	}
	d, err := fid.Frechet(law, s)
	if singular, is := errors.AsType[*fid.RankError](err); is && singular.Ranks[0] == singular.Features {
		return d, nil
	}
	return d, err
}

// Choose returns which of several sets of images is to be taken, and the distance of each to the digits of the training. The sets come
// in the order of rising guidance. More of it makes digits that are read more surely, and moves them away from real ones. Choose
// takes the last set whose Fréchet distance is at most twice the smallest. The digits to judge by have no part in it.
func (j *Judge) Choose(sets []Images) (best int, distances []float64, err error) {
	if len(sets) == 0 {
		return 0, nil, errors.New("judge: no images to choose from")
	}
	for _, m := range sets {
		_, features, err := j.reader.Read(m)
		if err != nil {
			return 0, nil, err
		}
		if len(m.Labels) < 2 {
			return 0, nil, errors.New("judge: one image, want two or more to choose by")
		}
		d, err := frechet(j.learnt, features)
		if err != nil {
			return 0, nil, err
		}
		distances = append(distances, d)
	}
	most := 2 * slices.Min(distances)
	for k, d := range distances {
		if d <= most {
			best = k
		}
	}
	return best, distances, nil
}
