DROP TABLE view_displays;
DROP TABLE views;
