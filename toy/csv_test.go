package toy_test

import (
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/toy"
)

func TestReadCSV(t *testing.T) {
	want := mat.NewDense(3, 2, []float64{1, -2.5, 3e-3, 4, 0, 1e300})
	for name, text := range map[string]string{
		"plain":                    "1,-2.5\n3e-3,4\n0,1e300\n",
		"header":                   "x,y\n1,-2.5\n3e-3,4\n0,1e300\n",
		"half a header":            ",y\n1,-2.5\n3e-3,4\n0,1e300\n",
		"spaces, blank lines, end": "\n  x , y\n 1, -2.5 \n\n3e-3,4\n0,1e300",
		"lines of spaces":          " \t\nx,y\n  \n1,-2.5\n\t\r\n3e-3,4\n0,1e300\n   ",
		"CRLF and byte order mark": "\ufeff1,-2.5\r\n3e-3,4\r\n0,1e300\r\n",
		"quotes after the mark":    "\ufeff\"x\",\"y\"\n\"1\",\"-2.5\"\n3e-3,4\n0,1e300\n",
	} {
		got, err := toy.ReadCSV("points.csv", strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: error %v, want none", name, err)
		} else if !mat.Equal(got, want) {
			t.Errorf("%s: read as\n%v\nwant\n%v", name, mat.Formatted(got), mat.Formatted(want))
		}
	}
	for text, want := range map[string]string{
		"":                    `no rows of numbers`,
		"x,y\n":               `no rows of numbers under the header in line 1`,
		"# x y\n\n":           `no rows of numbers`,
		"x,y\n1,2\n3,z\n":     `row 1 (line 3), column 1: "z" is not a finite decimal number`,
		"1,x\n1,2\n":          `row 0 (line 1), column 1: "x" is not a finite decimal number`,
		"1,2\n\n3,NaN\n":      `row 1 (line 3), column 1: "NaN" is not a finite decimal number`,
		"inf,2\n":             `row 0 (line 1), column 0: "inf" is not a finite decimal number`,
		"x,y\n1,1e999\n":      `row 0 (line 2), column 1: "1e999" is not a finite decimal number`,
		"1,2\n3,\n":           `row 1 (line 2), column 1: "" is not a finite decimal number`,
		",\n":                 `row 0 (line 1), column 0: "" is not a finite decimal number`,
		"0x10p0,1_000\n":      `row 0 (line 1), column 0: "0x10p0" is not a finite decimal number`,
		"0x10\n1\n":           `row 0 (line 1), column 0: "0x10" is not a finite decimal number`,
		"1,1_000\n":           `row 0 (line 1), column 1: "1_000" is not a finite decimal number`,
		"1\n\"\"\n":           `row 1 (line 2), column 0: "" is not a finite decimal number`,
		"1,2\n , \n":          `row 1 (line 2), column 0: "" is not a finite decimal number`,
		"1,2\n3\n":            `row 1 (line 2) has 1 columns, want 2 as in the first line`,
		"x,y\n1,2,3\n":        `line 2 has 3 columns under 2 names: its first, "1", is a row name, as R writes them, or its numbers have decimal commas`,
		"1;2\n3;z\n":          `row 1 (line 2), column 1: "z" is not a finite decimal number (the separators are semicolons)`,
		"x;y\n1;2;3;4\n":      `row 0 (line 2) has 4 columns, want 2 as in the first line (the separators are semicolons)`,
		"x\n":                 `no rows of numbers under the header in line 1`,
		"x y\nz\n":            `row 0 (line 2) has 1 columns, want 2`,
		"1,2\n3,\"4\n":        `parse error on line 2, column 6: extraneous or missing " in quoted-field`,
		"one,two\nthree,fo\n": `row 0 (line 2), column 0: "three" is not a finite decimal number`,
		",0\n0,0.5\n1,0.7\n":  `line 1 is a header of numbers above a column of row numbers`,
		"x,y,\n0.5,1.5,0\n":   `column 2 has no name in the header, and numbers (line 2: "0")`,
		"%%MatrixMarket matrix coordinate real general\n3 2 3\n1 1 0.5\n": `is a Matrix Market file`,
		"# name: x\n1.5 2\n\n# name: y\n3 4\n":                            `holds several variables of Octave (line 4: "# name: y")`,
	} {
		_, err := toy.ReadCSV("points.csv", strings.NewReader(text))
		if want = "toy: cloud points.csv: " + want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestReadText reads what programs of many kinds write of one cloud: see testdata/make.py.
func TestReadText(t *testing.T) {
	want := mat.NewDense(3, 2, []float64{0.5, 1.5, -0.2, 0.3, 1.1, 0.9})
	files, err := filepath.Glob("testdata/text/*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files and error %v, want 20 at least", len(files), err)
	}
	for _, file := range files {
		if got, err := toy.ReadFile(file); err != nil || !mat.Equal(got, want) {
			t.Errorf("%s: read as %v, error %v, want %v", file, got, err, want)
		}
	}
}

// TestRefuseText: what would add a row or a column, or could mean two things, is an error that says what was seen and what
// to do.
func TestRefuseText(t *testing.T) {
	const index, header = "the first column holds row numbers (", "looks like a header of numbers"
	want := map[string][]string{
		"pandas_index.csv":          {index + "0, 1, 2, …)", "df.to_csv(path, index=False)"},
		"pandas_index_shuffled.csv": {index},
		"pandas_index_one_row.csv":  {index},
		"pandas_index_bare.csv":     {index, "give it a name in the first line"},
		"pandas_index_numbers.csv":  {"line 1 is a header of numbers above a column of row numbers", "index=False, header=False"},
		"pandas_index_again.csv":    {index},
		"pandas_index_german.csv":   {index},
		"pandas_numbers.csv":        {"the first row, 0,1, " + header, "header=False", "put a first line of names above"},
		"pandas_years.csv":          {"the first row, 2019,2020, " + header},
		"pandas_series.csv":         {"the first row, 0, " + header},
		"pandas_dates.csv":          {`row 0 (line 2), column 0: "2020-01-01" is not`, "Its column has no name", "index=False"},
		"pandas_missing.csv":        {`row 1 (line 3), column 1: "" is not`},
		"pandas_empty_column.csv":   {`row 0 (line 2), column 2: "" is not`},
		"polars_index.csv":          {index},
		"r_csv.csv":                 {index + "1, 2, 3, …)", "row.names = FALSE"},
		"r_table.txt":               {`line 2 has 3 columns under 2 names: its first, "1", is a row name`, "row.names = FALSE"},
		"r_names.csv":               {`column 0: "Mazda 0" is not`, "row.names = FALSE"},
		"r_missing.csv":             {`row 0 (line 1), column 0: "NA" is not`},
		"german_one_column.csv":     {"line 2 has 2 columns under 1 names", "decimal commas"},
		"thousands.csv":             {`row 0 (line 2), column 0: "1,234" may have a decimal comma or one between thousands`},
		"points_and_commas.csv":     {`column 1: "2,5" has a comma, and row 0 (line 2), column 0: "1.5" a point`},
		"excel_error.csv":           {`row 1 (line 3), column 0: "#N/A" is not`},
		"utf16_no_mark.csv":         {"holds zero bytes", "UTF-16 without a byte order mark", "save it as text in UTF-8"},
		"ragged.csv":                {"row 1 (line 3) has 1 columns, want 2 as in the first line (the separators are semicolons)"},
		"lost_cell.tsv":             {`row 1 (line 2), column 1: "" is not a finite decimal number (the separators are tabs)`},
	}
	files, err := filepath.Glob("testdata/wrong/*")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d files, want %d (%v)", len(files), len(want), err)
	}
	for _, file := range files {
		_, err := toy.ReadFile(file)
		for _, w := range append(want[filepath.Base(file)], "toy: cloud "+file) {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %s", file, err, w)
			}
		}
	}
}

// TestPointsByHand: small clouds that people type are not taken for tables with row numbers or headers of numbers.
func TestPointsByHand(t *testing.T) {
	for text, want := range map[string]*mat.Dense{
		"0,0\n1,1\n":                 mat.NewDense(2, 2, []float64{0, 0, 1, 1}),
		"1,0\n0,1\n":                 mat.NewDense(2, 2, []float64{1, 0, 0, 1}),
		"1,2\n0.5,1.5\n":             mat.NewDense(2, 2, []float64{1, 2, 0.5, 1.5}),
		"0\n1\n2\n":                  mat.NewDense(3, 1, []float64{0, 1, 2}),
		"t,x\n0,0.5\n1,0.7\n2,0.9\n": mat.NewDense(3, 2, []float64{0, 0.5, 1, 0.7, 2, 0.9}),
		"x,y\n0,1\n0.5,1.5\n":        mat.NewDense(2, 2, []float64{0, 1, 0.5, 1.5}),
		",y\n1,-2.5\n":               mat.NewDense(1, 2, []float64{1, -2.5}),
		"0,1\n":                      mat.NewDense(1, 2, []float64{0, 1}),
		"1, 2\n3,4\n":                mat.NewDense(2, 2, []float64{1, 2, 3, 4}),
		"-1,234;1,5\n":               mat.NewDense(1, 2, []float64{-1.234, 1.5}),
		"\"sep=;\"\n1;2":             mat.NewDense(1, 2, []float64{1, 2}),
		"sep=!\n1!2":                 mat.NewDense(1, 2, []float64{1, 2}),
		"1\t 2 \t3\n":                mat.NewDense(1, 3, []float64{1, 2, 3}),
	} {
		if got, err := toy.ReadCSV("points.csv", strings.NewReader(text)); err != nil || !mat.Equal(got, want) {
			t.Errorf("%q: read as %v, error %v, want %v", text, got, err, want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"x,y\n1,2\n", "\ufeff1,2\r\n", "1,\"2\n", "1,2\n3\n", "nan,1\n", "\"\n\",1\n", "0x1p-1000,1_0", "sep=;\n1,5;2", "# x\n 1  2 \n", "\xff\xfe1\x00;\x002\x00",
		",x\n0,1\n1,2", "0,1\n0.5,2\n", "1\t2\t\n", "\"1\" 2\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := toy.ReadCSV("fuzz.csv", strings.NewReader(text))
		checkCloud(t, x, err)
	})
}

// TestRowNumbers: programs give row numbers a name, or write them as 0.0, 1.0, … and as 0.000e+00.
func TestRowNumbers(t *testing.T) {
	for _, text := range []string{
		"Unnamed: 0.1,Unnamed: 0,x,y\n0,0,0.5,1\n1,1,0.6,2\n2,2,0.1,0.3\n", "level_0,x\n0,0.5\n1,0.7\n", "idx,x\n3,0.5\n1,0.7\n",
		"row,x\n0,0.5\n1,0.7\n", "row_nr,x\n0,0.5\n1,0.7\n", "rownames,x\n1,0.5\n2,0.7\n", "Obs,x\n1,0.5\n2,0.7\n", "No.,x\n1,0.5\n2,0.7\n",
		"sample_id,x\n1,0.5\n2,0.7\n", ",x,y\n0.0,0.5,1\n1.0,0.6,2\n", "index,x\n0.0,0.5\n1.0,0.7\n",
		"0.000e+00,5.0e-01\n1.000e+00,7.0e-01\n2.000e+00,9.0e-01\n",
	} {
		_, err := toy.ReadCSV("points.csv", strings.NewReader(text))
		if want := "the first column holds row numbers"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	for _, text := range []string{"t,x\n0,0.5\n1,0.7\n2,0.9\n", "X,Y\n0,0.5\n1,0.7\n2,0.9\n", "idx,x\n0.5,1\n0.7,2\n", "0.0,1.0\n1.0,0.0\n1.0,1.0\n"} {
		if _, err := toy.ReadCSV("points.csv", strings.NewReader(text)); err != nil {
			t.Errorf("%q: error %v, want none", text, err)
		}
	}
}
