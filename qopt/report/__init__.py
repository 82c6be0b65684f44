"""Tables, Gantt charts, route maps and HTML; reads results, solves nothing."""
