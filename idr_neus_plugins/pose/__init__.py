"""Where an object stands before the camera that took its picture, and how a camera moved past objects.

"Reconstruct, Rasterize and Backprop" (Parkhiya et al. 2020) over implicit surfaces: a known or predicted shape, cached
on a grid, is rendered differentiably until its silhouette and colours are those of the photograph.

Names: an *object frame* has z up and the shape within the unit sphere (see ``single_view.shapes``); *cameras* have
OpenCV axes and pixel centres at half-integers; a *pose* takes the object to the camera.
"""
