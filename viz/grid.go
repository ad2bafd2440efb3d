package viz

// A Row is a figure of panels side by side, their frames equally high.
type Row []Panel

// A Grid is a figure of rows of panels, their frames aligned in rows and columns. Rows may differ in length.
type Grid [][]Panel

func (p Panel) render() (*rendering, error) { return still(Grid{{p}}) }
func (r Row) render() (*rendering, error)   { return still(Grid{r}) }
func (g Grid) render() (*rendering, error)  { return still(g) }

func still(g Grid) (*rendering, error) {
	layouts, err := arrange(g)
	if err != nil {
		return nil, err
	}
	return layouts[0].still()
}
