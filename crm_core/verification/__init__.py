"""Is what is stored whole, and does everything that is derived from it agree with it?

mistakes: what may be found · rows: indexes of keys · filing: work lists, histories, collections · storage: references
and files. What is derived can be mended from the objects; the objects themselves are never touched.
"""
