package softmin

// Mean writes T_i = Σ_j 2^(h_j − c_ij) y_j / Σ_j 2^(h_j − c_ij) for all rows [n, d], in the scale that the points had before
// Scale(factor). For a row whose targets are all out of reach it is 0.
func (s *Sum[T]) Mean(dst []float64, factor float64) {
	k := kernelsOf[T]()
	s.team.Each(len(dst)/s.d, len(s.h), func(first, last, worker int) {
		w := &s.scratch[worker]
		if !s.referred {
			s.refer(k, first, last, w)
		}
		clear(w.sum)
		clear(w.moment)
		if s.fused() {
			s.tiles(func(y, h []T, _ int) {
				k.mean[s.d](s.sources[first*s.d:], y, h, s.shift[first:], w.sum[:last-first], w.moment)
			})
		} else {
			for row := first; row < last; row += groupRows {
				s.tiles(func(y, h []T, column int) {
					scores := s.scores(k, row, y, column, w)
					k.weigh(scores, h, s.shift[row:], w.sum[row-first:][:groupRows])
					k.moments(scores, y, s.d, w.moment[(row-first)*s.d:])
				})
			}
		}
		for i := first; i < last; i++ {
			if !s.resolves(float64(s.shift[i])) {
				mean := dst[i*s.d : (i+1)*s.d]
				clear(mean)
				s.redo(i, w, mean)
				for c := range mean {
					mean[c] /= factor
				}
				continue
			}
			scale := 1 / (w.sum[i-first] * factor)
			moment, step := w.moment[(i-first)*s.d:], 1
			if !s.fused() { // [d, groupRows] for every group
				moment, step = w.moment[(i-first)/groupRows*groupRows*s.d+i%groupRows:], groupRows
			}
			for c := range s.d {
				dst[i*s.d+c] = moment[c*step] * scale
			}
		}
	})
}
